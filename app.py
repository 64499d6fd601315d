"""The entry of a Hugging Face Space; ``python app.py`` does what ``bgswap serve`` does."""

from bgswap.ui.launch import App

app = App()
demo = app.demo

if __name__ == "__main__":
    app.serve()
