"""Short form: ``python -m training.face_vae`` trains the face VAE."""

from training.face_vae.train import main

if __name__ == "__main__":
    raise SystemExit(main())
