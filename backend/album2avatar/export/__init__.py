"""The avatar as GLB, FBX, .blend and pictures."""
