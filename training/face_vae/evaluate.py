"""Evaluation of the face VAE."""

import argparse

from bgswap.networks import FaceVAE
from training.common.evaluation import fid_in_words, load_network, report, write_figures
from training.common.fid import DetectorFeatures, Fid, frechet_distance, load_features
from training.face_vae.face_scores import FacePictures, face_sheets, make_faces, score_faces
from training.face_vae.face_sources import open_faces
from training.face_vae.faces import to_side


def evaluate_faces(args: argparse.Namespace) -> None:
    """Reconstruction, restoration and samples on held-out faces."""
    network = load_network(FaceVAE, args.weights)
    held_out = open_faces(args.data, "val", args.download)
    count = min(len(held_out), args.limit or len(held_out))
    pictures = make_faces(network, [to_side(held_out[n]) for n in range(count)], args.seed)
    table = score_faces(pictures)
    distances = face_distances(pictures, args.features)
    extra = {"faces": count, "fid": {part: fid.as_dict() for part, fid in distances.items()}}
    report(args, "face-vae", table, face_sheets(pictures), extra)
    if not args.no_card:
        values = [
            (metric, table[row][metric], f"{metric.upper()}, {row}")
            for row in ("reconstruction", "restored")
            for metric in ("ssim", "mse")
        ]
        for part, fid in distances.items():
            if fid.value is not None and fid.kid is not None:
                values.append(("fid", fid.value, f"FID of {part}, {fid.features}"))
                values.append(("kid", fid.kid, f"KID of {part}, {fid.features}"))
        notes = [fid_in_words(part, fid) for part, fid in distances.items()]
        dataset = f"{count} faces of {args.data.name} (val), 64 pixels"
        write_figures(args.weights, "image-to-image", dataset, table, values, notes)


def face_distances(pictures: FacePictures, features: str) -> dict[str, Fid]:
    """Distances of reconstructions and samples to the true faces, by what and in which features.

    Args:
        pictures: the true faces and what was made.
        features: besides the detector's, which are always there; left out where they cannot be had.
    """
    made = {"reconstructions": pictures.rows["reconstruction"], "samples": pictures.samples}
    other, name = load_features(features)
    found = {}
    for part, faces in made.items():
        found[part] = frechet_distance(
            pictures.true, faces, DetectorFeatures(), DetectorFeatures.name
        )
        more = frechet_distance(pictures.true, faces, other, name)
        if more.value is not None:
            found[f"{part} ({features})"] = more
    return found
