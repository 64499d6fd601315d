"""Builds the app from page, endpoints and models, and serves it."""

import logging
from pathlib import Path

from bgswap import BackgroundSwapper, Settings
from bgswap.ui.api import add_endpoints
from bgswap.ui.many_api import add_many_endpoint
from bgswap.ui.many_bounds import Bounds
from bgswap.ui.many_page import connect_many, lay_out_many
from bgswap.ui.page import Page, lay_out
from bgswap.ui.service import SwapService
from bgswap.ui.serving import LARGEST_FILE, CheckedBlocks, LimitedApp
from bgswap.ui.texts import translations
from bgswap.ui.theme import theme
from bgswap.ui.wiring import connect
from bgswap.ui.zero_gpu import ZERO_GPU

UI = Path(__file__).parent
LONGEST_QUEUE = 32
# Pages open at once; each holds its photo at display size. Beyond it the one idle longest goes.
MOST_SESSIONS = 1000


def add_many(demo: CheckedBlocks, page: Page, service: SwapService, settings: Settings) -> None:
    """Let page and API take several photos at once."""
    bounds = Bounds.of(settings)
    connect_many(page, lay_out_many(bounds), service, bounds)
    add_many_endpoint(service, bounds)
    demo.most_addresses += bounds.photos - 1
    demo.largest_total = max(demo.largest_total, bounds.megabytes * 1e6)


class App:
    """The page and the endpoints with what does their work.

    Args:
        settings: as the environment has them where None.

    Attributes:
        demo: what Gradio serves.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or Settings.from_env()
        self.demo = CheckedBlocks(title="Background swap", analytics_enabled=False, fill_width=True)
        with self.demo:
            # On ZeroGPU models are placed once, in this process, before a request borrows the GPU.
            swapper = BackgroundSwapper.from_settings(self._settings, wait=ZERO_GPU)
            self._bench = SwapService(swapper, self.demo.GRADIO_CACHE, self._settings)
            page = lay_out()
            connect(self.demo, page, self._bench)
            add_many(self.demo, page, self._bench, self._settings)
            add_endpoints(self._bench)
        # Not open: a direct call would get round the queue and its lanes of one job at a time.
        self.demo.queue(max_size=LONGEST_QUEUE, api_open=False)
        if ZERO_GPU:
            # The platform takes what is placed on the GPU while the app's module is imported; its
            # workers are forks of this process and share it.
            self._bench.start().join()

    def serve(self) -> None:
        """Serve, then load models in the background; GRADIO_SERVER_NAME and _PORT apply."""
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s: %(message)s")
        self._bench.sweeper.start()
        self.demo.launch(
            theme=theme(),
            css_paths=UI / "style.css",
            js=(UI / "page.js").read_text(encoding="utf-8"),
            footer_links=["api", "settings"],
            i18n=translations(),
            run_history=False,
            mcp_server=True,
            max_file_size=LARGEST_FILE,
            enable_monitoring=False,
            state_session_capacity=MOST_SESSIONS,
            _app=LimitedApp(self._settings),
            prevent_thread_lock=True,
        )
        if not ZERO_GPU:
            # Not before: loading keeps Python so busy that Gradio can miss its own first answer.
            self._bench.start()
        self.demo.block_thread()
