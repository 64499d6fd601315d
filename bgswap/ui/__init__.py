"""The page and the endpoints of the app: Gradio, no torch."""

from bgswap.ui.environment import prepare

# Here, because Gradio reads it when it is imported, and each of these modules imports Gradio.
prepare()
