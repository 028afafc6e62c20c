"""The avatar after a minute: the fitted body, widened to the masks, in the photos' colours."""
