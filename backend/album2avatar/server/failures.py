"""Every error as `{"error": {"code", "message"}}`."""

import json
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from album2avatar.errors import Album2AvatarError, WorkspaceError
from album2avatar.jobs.errors import ConflictError, NotFoundError, code_of
from album2avatar.server.views import ErrorAnswer

ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorAnswer, "description": description}
    for status, description in (
        (400, "The request can't be read."),
        (401, "The token is missing or wrong."),
        (403, "The request comes from a web page."),
        (404, "There is no such thing."),
        (405, "The path doesn't know this method."),
        (409, "It doesn't fit to the present state."),
        (413, "The body is too large."),
        (421, "The host is not this machine."),
        (422, "Something in the request is wrong."),
    )
}


def answer(status: int, code: str, message: str) -> Response:
    """Make an error's answer. Its JSON is plain ASCII: a message may quote any odd input."""
    content = json.dumps({"error": {"code": code, "message": message}})
    return Response(content, status, media_type="application/json")


def add_error_answers(app: FastAPI) -> None:
    """Teach an application to answer every error in our shape."""
    app.add_exception_handler(Album2AvatarError, _expected)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


def _expected(request: Request, error: Exception) -> Response:
    assert isinstance(error, Album2AvatarError)
    status = 422
    if type(error) is Album2AvatarError:  # the fault lies in this machine, not in the request
        status = 503
    elif isinstance(error, NotFoundError):
        status = 404
    elif isinstance(error, (ConflictError, WorkspaceError)):
        status = 409
    return answer(status, code_of(error), str(error))


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return answer(422, "invalid_request", _in_words(error.errors()))


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    codes = {404: "not_found", 405: "method_not_allowed"}
    message = {
        404: "There is nothing at this path. GET /v1/openapi.json lists what there is.",
        405: "This path doesn't know this method. GET /v1/openapi.json lists what there is.",
    }.get(error.status_code, f"The request can't be read ({error.detail}). Correct it.")
    response = answer(error.status_code, codes.get(error.status_code, "bad_request"), message)
    response.headers.update(error.headers or {})
    return response


def _unexpected(request: Request, error: Exception) -> Response:
    # The server writes the trace to its log after this answer.
    return answer(
        500,
        "internal",
        "Something unexpected went wrong in the service. Try again; if it comes back, report it "
        "with the service's log (service.log in its folder).",
    )


def _in_words(errors: Sequence[Any]) -> str:
    problems: list[str] = []
    for error in errors[:5]:
        place = ".".join(str(part) for part in error["loc"][1:]) or str(error["loc"][0])
        if error["type"] == "extra_forbidden":
            problems.append(f"{place} is no known field")
        else:
            problems.append(f"{place}: {error['msg']}")
    return "The request is wrong: " + "; ".join(problems) + ". Correct these fields."
