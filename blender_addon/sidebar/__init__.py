"""What the panels of the sidebar tab share."""
