"""What the stages that put a video on an avatar share: the clip's record, frames and camera."""
