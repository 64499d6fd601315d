"""Short form: ``python -m training.mask_autoencoder`` trains the mask autoencoder."""

from training.mask_autoencoder.train import main

if __name__ == "__main__":
    raise SystemExit(main())
