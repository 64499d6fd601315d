"""The app: ``python app.py`` serves the page, the API and the MCP tools."""

import logging
from pathlib import Path

from bgswap import BackgroundSwapper, Settings
from bgswap.ui.api import add_endpoints
from bgswap.ui.page import lay_out
from bgswap.ui.serving import LARGEST_FILE, FencedApp, WordyBlocks
from bgswap.ui.theme import theme
from bgswap.ui.wiring import connect
from bgswap.ui.work import Workbench
from bgswap.ui.zero_gpu import ZERO_GPU

UI = Path(__file__).parent / "bgswap" / "ui"
LONGEST_QUEUE = 32
# Pages open at once; each holds its photo at display size. Beyond it the one idle longest goes.
MOST_SESSIONS = 1000

settings = Settings.from_env()
with WordyBlocks(title="Background swap", analytics_enabled=False, fill_width=True) as demo:
    # On ZeroGPU models are placed once, in this process, before any request borrows the GPU.
    swapper = BackgroundSwapper.from_settings(settings, wait=ZERO_GPU)
    bench = Workbench(swapper, demo.GRADIO_CACHE, settings)
    connect(demo, lay_out(), bench)
    add_endpoints(bench)
# Not open: a direct call would get round the queue, in which one heavy job runs at a time.
demo.queue(max_size=LONGEST_QUEUE, api_open=False)
if ZERO_GPU:
    # The platform takes what is placed on the GPU while this file is imported; its workers are
    # forks of this process and share it.
    bench.start().join()


def main() -> None:
    """Serve, then load models in the background; GRADIO_SERVER_NAME and _PORT apply."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
    bench.sweeper.start()
    demo.launch(
        theme=theme(),
        css_paths=UI / "style.css",
        js=(UI / "page.js").read_text(encoding="utf-8"),
        footer_links=["api", "settings"],
        run_history=False,
        mcp_server=True,
        max_file_size=LARGEST_FILE,
        enable_monitoring=False,
        state_session_capacity=MOST_SESSIONS,
        _app=FencedApp(settings),
        prevent_thread_lock=True,
    )
    if not ZERO_GPU:
        # Not before: loading keeps Python so busy that Gradio can miss its own first answer.
        bench.start()
    demo.block_thread()


if __name__ == "__main__":
    main()
