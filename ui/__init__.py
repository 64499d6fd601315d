"""The page and the endpoints of the app: Gradio, no torch."""
