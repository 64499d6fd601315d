"""The wrong lines of :mod:`mutants` in the rooms that work on pictures, as in `mutant_list`."""

from mutant_list import Changes

DETECTION: list[tuple[str, str, Changes]] = [
    (
        "bgswap/detection/finder.py",
        'tests/detection/test_finder.py tests/detection/test_tiles.py -k "not montage"',
        [
            ("for p in judged if p.confidence >= threshold)", "for p in judged)"),
            ("for c, p in pairs if p.area]", "for c, p in pairs]"),
            (
                "candidate.confidence ** (1 - share) * judged.confidence**share",
                "candidate.confidence**share * judged.confidence ** (1 - share)",
            ),
            ("        if threshold:", "        if False:"),
            ("if tiled or wants_tiles(", "if wants_tiles("),
        ],
    ),
    (
        "bgswap/detection/mask_nms.py",
        "tests/detection/test_finder.py",
        [
            ("key=lambda p: -p.confidence", "key=lambda p: p.confidence"),
            ("smaller = min(", "smaller = max("),
        ],
    ),
    (
        "bgswap/detection/tiles.py",
        'tests/detection/test_tiles.py -k "not montage"',
        [
            ("inner = (x > 0, y > 0,", "inner = (True, True,"),
            ("found = mask_nms(whole)", "found = mask_nms([])"),
            ("box=(x0 + x, y0 + y, x1 + x, y1 + y)", "box=(x0, y0, x1, y1)"),
        ],
    ),
    (
        "bgswap/tiling.py",
        "tests/test_tiling.py",
        [
            ("count = 1 + ceil(", "count = ceil("),
        ],
    ),
    (
        "bgswap/detection/search_point.py",
        'tests/detection/test_search_point.py -k "not starter"',
        [
            ("if near and not elsewhere and not known:", "if near and not elsewhere:"),
            ("if near and not elsewhere and not known:", "if not elsewhere and not known:"),
            ("if len(points) < 2:", "if not points:"),
            ("if not (0 <= x < size[1] and", "if not (0 <= x and"),
        ],
    ),
    (
        "bgswap/detection/second_stage.py",
        "tests/detection/test_second_stage.py",
        [
            ("(straight + mirrored.flip(-1)) / 2", "(straight + mirrored) / 2"),
            ("sure ** (1 / 3)", "sure ** (1 / 2)"),
            ("range(0, len(people), config.batch)", "range(0, config.batch, config.batch)"),
        ],
    ),
    (
        "bgswap/detection/mask_autoencoder.py",
        "tests/detection/test_mask_autoencoder.py",
        [
            ("(straight + mirrored.flip(-1)) / 2", "(straight + mirrored) / 2"),
            ("sizes < SPECK * sizes.max()", "sizes < 0"),
        ],
    ),
    (
        "bgswap/detection/mask_squares.py",
        "tests/detection/test_mask_autoencoder.py",
        [("1 + 2 * MARGIN", "1 + MARGIN")],
    ),
    (
        "bgswap/detection/turned.py",
        'tests/detection/test_turned.py -k "not real and not either_way"',
        [
            ("if sure and _evidence", "if _evidence"),
            ("config.gain * _evidence", "0 * _evidence"),
            ("-turn // 90", "turn // 90"),
            ("        return 0\n", "        pass\n"),
        ],
    ),
]

MATTING: list[tuple[str, str, Changes]] = [
    (
        "bgswap/matting/network.py",
        "tests/matting/test_network.py",
        [
            ("box=box, confidence=score, mask=mask)", "box=box, mask=mask)"),
            ("(a and b for a, b in zip(long", "(a for a, b in zip(long"),
            ("(side > 0.5).mean()) > self", "(side > 0.5).mean()) < self"),
        ],
    ),
    (
        "bgswap/matting/closed_form.py",
        "tests/matting/test_closed_form.py",
        [
            ("known = known[0] & (others < 0.5), known[1] | (others > 0.5)", "pass"),
            ("return np.rint(alpha * 255) / np.float32(255)", "return alpha"),
        ],
    ),
    (
        "bgswap/matting/detail.py",
        "tests/matting/test_network.py",
        [("snap: float = 0.03", "snap: float = 0.3")],
    ),
    (
        "bgswap/matting/foreground.py",
        'tests/compositing/test_blend.py tests/matting/test_foreground.py -k "not real"',
        [
            ("soft = (alpha > 0) & (alpha < 1)", "soft = (alpha > 0.05) & (alpha < 1)"),
            ("photo[soft].astype(np.float32) - blurred", "blurred - blurred"),
            ("np.where((alpha == 1)[:, :, None], photo, np.uint8(0))", "photo.copy()"),
        ],
    ),
    (
        "bgswap/matting/corrections.py",
        "tests/matting/test_corrections.py",
        [
            ("_without_specks(name, mask > 0.5,", "_without_specks(name, mask > 0,"),
            ("if mask.shape != size:", "if False:"),
            (
                "part[changes] = np.maximum(part[changes], matte[changes])",
                "np.maximum(part, matte, out=part)",
            ),
        ],
    ),
    (
        "bgswap/mask_ops.py",
        'tests/test_mask_ops.py tests/matting/test_foreground.py -k "not real"',
        [
            ("near = (distance > 0) & (distance <= reach)", "near = distance > 0"),
            ("around = slice(max(rows.start - reach, 0),", "around = slice(rows.start,"),
            ("np.maximum(together[rows, columns], crop,", "np.add(together[rows, columns], crop,"),
        ],
    ),
]

BACKGROUNDS: list[tuple[str, str, Changes]] = [
    (
        "bgswap/backgrounds/spec.py",
        "tests/backgrounds/test_spec.py",
        [
            ("if len(parts) > 2 or not", "if not"),
            ("    if text.strip():\n", "    if False:\n"),
            ("    if not may_name_file:\n", "    if False:\n"),
            ("CONFIG.least <= strength <=", "0 <= strength <="),
        ],
    ),
    (
        "bgswap/backgrounds/blur.py",
        "tests/backgrounds/test_blur.py",
        [
            ("if alpha is not None and alpha.any():", "if False:"),
            ("linear = light / (1 + highlights * light)", "linear = light"),
            ("return kernel / kernel.sum()", "return kernel"),
        ],
    ),
    (
        "bgswap/backgrounds/picture.py",
        "tests/backgrounds/test_picture.py",
        [
            ("factor = max(", "factor = min("),
            ("(outer[0] - inner[0]) * y", "(outer[0] - inner[0]) * x"),
        ],
    ),
    (
        "bgswap/backgrounds/dither.py",
        "tests/backgrounds/test_plain.py",
        [("levels[rows] + grain", "levels[rows] + 0 * grain")],
    ),
    (
        "bgswap/backgrounds/search.py",
        "tests/backgrounds/test_search.py",
        [
            ("(first + i) % 2**32", "first + i"),
            ("with suppress(SceneRejected):", "with suppress():"),
            ("retries < len(more) and not", "retries < len(more) and"),
        ],
    ),
    (
        "bgswap/backgrounds/diffusion/canvas.py",
        "tests/backgrounds/test_canvas.py",
        [
            ("borderValue=1", "borderValue=0"),
            ("NEUTRAL * (1 - weight)", "photo * (1 - weight)"),
        ],
    ),
]

COMPOSITING: list[tuple[str, str, Changes]] = [
    (
        "bgswap/compositing/blend.py",
        "tests/compositing/test_blend.py",
        [
            ("weight * people[soft] + (1 - weight)", "people[soft] + 0 * (1 - weight)"),
            ("strip += noise.random(strip.shape[:2],", "noise.random(strip.shape[:2],"),
        ],
    ),
    (
        "bgswap/compositing/shadow.py",
        "tests/compositing/test_shadow.py",
        [
            ("if breadth > CONFIG.widest * height:", "if False:"),
            ("light *= 1 - strength * ellipse.share", "light *= 1 - ellipse.share"),
            ("(1 - CONFIG.border) - 1", "1"),
        ],
    ),
    (
        "bgswap/compositing/lighting.py",
        "tests/compositing/test_lighting.py",
        [
            ("free = np.clip(1 - 2 * person, 0, 1)", "free = np.ones_like(person)"),
            ("        np.clip(lit, 0, 255, out=lit)\n", ""),
        ],
    ),
    (
        "bgswap/compositing/framing.py",
        "tests/compositing/test_framing.py",
        [
            ("    if span.cut_low:", "    if False:"),
            ("return max(min(start, floor(side - high)), -floor(low))", "return start"),
            ("    if wanted <= most:", "    if True:"),
        ],
    ),
    (
        "bgswap/compositing/placement.py",
        "tests/compositing/test_placement.py",
        [
            ("np.where((alpha > 0)[..., None], people, np.uint8(0))", "people.copy()"),
            ("borderMode=cv2.BORDER_REPLICATE", "borderMode=cv2.BORDER_CONSTANT"),
        ],
    ),
    (
        "bgswap/compositing/frame_options.py",
        "tests/compositing/test_frame_options.py",
        [
            ("if not within or width * height > CONFIG.most_pixels:", "if not within:"),
            ("all(_within(share, 0, 1) for", "all(True for"),
        ],
    ),
]

LIST = [*DETECTION, *MATTING, *BACKGROUNDS, *COMPOSITING]
