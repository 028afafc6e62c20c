"""The application: routes, errors and guard put together."""

from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer
from starlette.types import ASGIApp

from album2avatar import __version__
from album2avatar.server.failures import add_error_answers
from album2avatar.server.routes import Service, routes
from album2avatar.server.security import Guard


def build_app(service: Service, token: str, port: int) -> ASGIApp:
    """Build the API of a service that listens on `port`."""
    app = FastAPI(
        title="album2avatar",
        version=__version__,
        openapi_url="/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # For the documentation alone; the guard has looked at the token before.
        dependencies=[Depends(HTTPBearer(auto_error=False, description="The token file's text."))],
    )
    app.include_router(routes(service))
    add_error_answers(app)
    return Guard(app, token, port)
