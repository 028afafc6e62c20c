// What three.js sees in one FBX file, as JSON: bones, skinned meshes, weights, textures, sizes.
import { readFileSync } from "node:fs";

// three.js expects a browser. Its loader makes an image element for each texture; remember
// what it was given instead of decoding it.
globalThis.window = globalThis;
globalThis.self = globalThis;
const element = () => ({ addEventListener() {}, removeEventListener() {}, style: {} });
globalThis.document = { createElementNS: element, createElement: element };
const blobs = new Map();
globalThis.URL.createObjectURL = (blob) => {
  const address = `blob:${blobs.size}`;
  blobs.set(address, { type: blob.type, bytes: blob.size });
  return address;
};

const { FBXLoader } = await import("three/examples/jsm/loaders/FBXLoader.js");
const file = readFileSync(process.argv[2]);
const scene = new FBXLoader().parse(
  file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength),
  "",
);
scene.updateMatrixWorld(true);

const bones = [];
const roots = [];
const skins = [];
scene.traverse((node) => {
  if (node.isBone) bones.push(node.name);
  if (node.isBone && !node.parent.isBone) roots.push(describeRoot(node));
  if (node.isSkinnedMesh) skins.push(describeSkin(node));
});
const unit = scene.userData.unitScaleFactor ?? null;
console.log(JSON.stringify({ bones, roots, skins, unit, textures: [...blobs.values()] }));

function describeRoot(bone) {
  return { name: bone.name, parent: bone.parent.name, scale: bone.parent.scale.toArray() };
}

function describeSkin(mesh) {
  const { position, skinWeight } = mesh.geometry.attributes;
  const sums = [Infinity, -Infinity];
  for (let vertex = 0; vertex < skinWeight.count; vertex++) {
    const sum = [0, 1, 2, 3].reduce(
      (total, place) => total + skinWeight.getComponent(vertex, place),
      0,
    );
    sums[0] = Math.min(sums[0], sum);
    sums[1] = Math.max(sums[1], sum);
  }
  // Posed by its skeleton, since that is what a viewer shows.
  mesh.skeleton.update();
  mesh.computeBoundingBox();
  const box = mesh.boundingBox.clone().applyMatrix4(mesh.matrixWorld);
  return {
    name: mesh.name,
    bones: mesh.skeleton.bones.length,
    vertices: position.count,
    shapes: Object.keys(mesh.morphTargetDictionary ?? {}),
    hasTextureCoordinates: Boolean(mesh.geometry.attributes.uv),
    weightSums: sums,
    minimum: box.min.toArray(),
    maximum: box.max.toArray(),
    materials: [mesh.material].flat().map((material) => ({
      name: material.name,
      hasTexture: Boolean(material.map),
    })),
  };
}
