"""The avatar after a minute: body, outlines and photos, without any prior."""
