"""The folder of one avatar: where each stage reads and writes."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Workspace:
    """Names of everything in an avatar's folder. Stages use these, never their own joins."""

    root: Path

    @property
    def manifest(self) -> Path:
        """JSON: format of this folder and which stages are done with what."""
        return self.root / "workspace.json"

    @property
    def settings_file(self) -> Path:
        """JSON: the settings that this avatar is made with."""
        return self.root / "settings.json"

    @property
    def job_file(self) -> Path:
        """JSON: `{"album": absolute path}` or `{"prompt": words}`, what the artist asked for."""
        return self.root / "job.json"

    @property
    def lock(self) -> Path:
        """Locked while a process works in this folder."""
        return self.root / ".lock"

    # album → photos/<id>.png (upright, sRGB, long side bounded) and album.json
    @property
    def album(self) -> Path:
        """Folder of the album's decoded photos."""
        return self.root / "album"

    def photo(self, photo: str) -> Path:
        """PNG of one photo, upright, 8-bit sRGB."""
        return self.album / "photos" / f"{photo}.png"

    @property
    def album_index(self) -> Path:
        """JSON list of the photos: id, name of the original, hash, size."""
        return self.album / "album.json"

    @property
    def album_report(self) -> Path:
        """`AlbumReport` as JSON: what was found wrong with the photos, and which are used."""
        return self.album / "report.json"

    # segment → assets.json and masks
    @property
    def asset_table(self) -> Path:
        """`AssetTable` as JSON; an artist may edit it."""
        return self.root / "segmentation" / "assets.json"

    def mask(self, photo: str) -> Path:
        """8-bit PNG of one photo: 0 background, i + 1 the i-th asset of the table."""
        return self.root / "segmentation" / "masks" / f"{photo}.png"

    @property
    def asset_edits(self) -> Path:
        """`EditList` as JSON: what the artist did to the assets, to be done again."""
        return self.root / "segmentation" / "edits.json"

    def stroke(self, name: str) -> Path:
        """8-bit PNG of what the artist painted on a photo's mask; named in `asset_edits`."""
        return self.root / "segmentation" / "strokes" / f"{name}.png"

    # personalise → tokens and adapter, apart from the base prior
    @property
    def personalization(self) -> Path:
        """Folder with tokens.safetensors, adapter.safetensors and personalization.json."""
        return self.root / "personalization"

    # fit body
    @property
    def body(self) -> Path:
        """`CanonicalBody` as safetensors."""
        return self.root / "fitting" / "body.safetensors"

    @property
    def poses(self) -> Path:
        """`PhotoPoses` as safetensors."""
        return self.root / "fitting" / "poses.safetensors"

    @property
    def fit_report(self) -> Path:
        """`FitReport` as JSON: how well the body lies on each photo."""
        return self.root / "fitting" / "report.json"

    # draft → a whole avatar of its own
    @property
    def draft(self) -> "DraftWorkspace":
        """The same avatar, with the draft's surface, rig and GLB instead of the finished ones."""
        return DraftWorkspace(self.root)

    @property
    def draft_report(self) -> Path:
        """How much of the draft's surface photos decide, JSON."""
        return self.root / "draft" / "report.json"

    # sculpt, paint, refine, rig
    @property
    def sculpt(self) -> Path:
        """Sculpted mesh in the canonical pose, safetensors."""
        return self.root / "sculpt" / "mesh.safetensors"

    @property
    def sculpt_cost(self) -> Path:
        """`DistillationCost` as JSON: what the prior was asked for the shape."""
        return self.root / "sculpt" / "cost.json"

    @property
    def distilled(self) -> Path:
        """Sculpted mesh with its UV map, safetensors."""
        return self.root / "paint" / "mesh.safetensors"

    @property
    def distilled_albedo(self) -> Path:
        """Base colour texture as the prior and the photos' rough colours have it, sRGB PNG."""
        return self.root / "paint" / "albedo.png"

    @property
    def normal_map(self) -> Path:
        """Sculpted detail as a tangent-space normal map, PNG; none where nothing was sculpted."""
        return self.root / "paint" / "normals.png"

    @property
    def roughness_map(self) -> Path:
        """How rough each texel is: PNG with occlusion, roughness and metal in its channels, as
        glTF wants it; none where nothing was painted."""
        return self.root / "paint" / "roughness.png"

    @property
    def paint_cost(self) -> Path:
        """`DistillationCost` as JSON: what the prior was asked for the colours."""
        return self.root / "paint" / "cost.json"

    @property
    def painted(self) -> Path:
        """The finished surface: mesh and UV map, safetensors."""
        return self.root / "surface" / "mesh.safetensors"

    @property
    def albedo(self) -> Path:
        """Its base colour texture, sRGB PNG."""
        return self.root / "surface" / "albedo.png"

    @property
    def seen_map(self) -> Path:
        """How far the photos show each texel: grey PNG, white where they decide its colour."""
        return self.root / "surface" / "seen.png"

    @property
    def refined_poses(self) -> Path:
        """`PhotoPoses` in which the finished surface looks like the photos, safetensors."""
        return self.root / "surface" / "poses.safetensors"

    @property
    def rigged(self) -> Path:
        """Mesh, UV map, skeleton and skinning weights, safetensors."""
        return self.root / "rig" / "avatar.safetensors"

    # export
    @property
    def exports(self) -> Path:
        """Folder of what the artist takes away."""
        return self.root / "export"

    @property
    def glb(self) -> Path:
        """The avatar as one binary glTF file."""
        return self.exports / "avatar.glb"

    def lod_glb(self, level: int) -> Path:
        """The avatar with fewer faces; level 1 is the finest of them."""
        return self.exports / f"avatar_lod{level}.glb"

    # swap → what a variant of an avatar was made from, copied
    @property
    def swap_file(self) -> Path:
        """`SwapRecord` as JSON; a folder that has one is a variant of another avatar."""
        return self.root / "swap.json"

    @property
    def base(self) -> "Workspace":
        """What a variant keeps of the avatar that it was made from."""
        return Workspace(self.root / "base")

    @property
    def garment(self) -> Path:
        """Folder of what a variant has put on: an entry of the wardrobe, or a shape alone."""
        return self.root / "garment"

    # animate → a video put on an avatar
    @property
    def clip_file(self) -> Path:
        """`ClipRecord` as JSON; a folder that has one is a clip: a video put on an avatar."""
        return self.root / "clip.json"

    @property
    def frames_index(self) -> Path:
        """`FrameIndex` as JSON: which moments of the video the frames are."""
        return self.root / "frames" / "frames.json"

    def frame(self, number: int) -> Path:
        """PNG of a frame, upright, 8-bit sRGB; they count from 0."""
        return self.root / "frames" / f"{number:04d}.png"

    @property
    def sightings(self) -> Path:
        """`Sightings` as JSON: joints and view of the person in each frame."""
        return self.root / "segmentation" / "sightings.json"

    def person_mask(self, number: int) -> Path:
        """8-bit PNG: how surely each pixel of a frame is person, as the segmentation says."""
        return self.root / "segmentation" / "person" / f"{number:04d}.png"

    @property
    def camera_motion(self) -> Path:
        """How the camera moved from frame to frame, safetensors."""
        return self.root / "segmentation" / "camera.safetensors"

    @property
    def clip_poses(self) -> Path:
        """`PhotoPoses` of the frames, as joints and outlines say, safetensors."""
        return self.root / "tracking" / "poses.safetensors"

    @property
    def clip_plate(self) -> Path:
        """The background without the person, sRGB PNG."""
        return self.exports / "plate.png"

    @property
    def clip_plate_unseen(self) -> Path:
        """8-bit PNG: white where no frame shows the background, and the plate is filled."""
        return self.exports / "plate_unseen.png"

    @property
    def clip_masks(self) -> Path:
        """Folder of the frames' soft masks."""
        return self.exports / "masks"

    def clip_mask(self, number: int) -> Path:
        """8-bit PNG: opacity of the person in each pixel of a frame."""
        return self.clip_masks / f"{number:04d}.png"

    @property
    def clip_report(self) -> Path:
        """`ClipReport` as JSON: what the artist should know of plate, masks and poses."""
        return self.exports / "report.json"

    @property
    def clip_glb(self) -> Path:
        """The avatar with one animation, as binary glTF."""
        return self.exports / "animated.glb"

    @property
    def clip_preview(self) -> Path:
        """Contact sheet: frames, their masks, and the avatar over the plate."""
        return self.exports / "clip.png"

    # running
    def checkpoint(self, stage: str) -> Path:
        """Checkpoint of a stage that is under way."""
        return self.root / "checkpoints" / f"{stage}.safetensors"

    def preview(self, stage: str, step: int) -> Path:
        """Picture of a stage's state after a step."""
        return self.root / "previews" / f"{stage}-{step:05d}.png"

    @property
    def log(self) -> Path:
        """Log of every run in this folder, without photo content."""
        return self.root / "album2avatar.log"


class DraftWorkspace(Workspace):
    """An avatar's folder as the stages that rig and write see it when they make the draft."""

    @property
    def painted(self) -> Path:
        """The draft's surface: mesh and UV map, safetensors."""
        return self._folder / "mesh.safetensors"

    @property
    def albedo(self) -> Path:
        """Its base colour texture, sRGB PNG."""
        return self._folder / "albedo.png"

    @property
    def normal_map(self) -> Path:
        """None: a draft has no detail."""
        return self._folder / "normals.png"

    @property
    def roughness_map(self) -> Path:
        """None: a draft is as rough all over."""
        return self._folder / "roughness.png"

    @property
    def seen_map(self) -> Path:
        """Where its colours come from: white where photos show a texel, grey where the body's
        other side lends it, black where it is guessed."""
        return self._folder / "seen.png"

    @property
    def refined_poses(self) -> Path:
        """`PhotoPoses` with limbs where the masks have them, safetensors."""
        return self._folder / "poses.safetensors"

    @property
    def rigged(self) -> Path:
        """Mesh, UV map, skeleton and skinning weights, safetensors."""
        return self._folder / "avatar.safetensors"

    @property
    def exports(self) -> Path:
        """Folder of the draft's GLB."""
        return self._folder

    @property
    def _folder(self) -> Path:
        return self.root / "draft"
