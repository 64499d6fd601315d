"""Training pictures: packs of photos and scenes, and composition of pictures from them."""
