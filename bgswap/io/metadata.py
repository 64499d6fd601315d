"""Provenance in the metadata of the written pictures.

XMP holds the IPTC digital source type and the IPTC properties for generated pictures (IPTC Photo
Metadata Standard 2025.1), PNG text chunks the same as text. No metadata of the photo is copied,
such as the location.
"""

import json
import logging
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import UnidentifiedImageError

from bgswap import __version__
from bgswap.errors import BadInput
from bgswap.io import encoding, images

log = logging.getLogger(__name__)

SOFTWARE = f"bgswap {__version__}"
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
GENERATED = "AI-generated background: the people are from a photo, the scene behind them is not."
CUT_OUT = "Cut out of a photo; nothing in it was generated."
PLACED = "The people are cut out of a photo and put before {}; nothing in it was generated."
# By the source of a background (`bgswap.types.Background`) that is not generated.
BACKDROPS = {
    "picture": "another picture",
    "color": "a plain color",
    "blur": "their own background out of focus",
}
# Keys of the details that are recorded; the others (boxes, seconds, notes) are about the run.
RECORDED = ("prompt", "negative_prompt", "background", "seed", "models")

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DC = "http://purl.org/dc/elements/1.1/"
XMP = "http://ns.adobe.com/xap/1.0/"
IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
OWN = "urn:bgswap:provenance:1"
XML = "http://www.w3.org/XML/1998/namespace"
PREFIXES = {"x": "adobe:ns:meta/", "rdf": RDF, "dc": DC, "xmp": XMP, "Iptc4xmpExt": IPTC}


def save(
    image: np.ndarray,
    path: str | Path,
    details: Mapping[str, Any],
    quality: int = encoding.QUALITY,
) -> None:
    """Write a composed picture or a cut-out with its provenance.

    With a ``prompt`` in the details the picture counts as a composite with a generated scene and
    gets IPTC's digital source type for that. Without one (a cut-out), or with a ``background`` that
    is not generated, the description says so, and there is no digital source type, because the
    source of the photo is unknown.

    Args:
        image: (H, W, 3) uint8 RGB, or (H, W, 4) uint8 RGBA for PNG and WebP.
        path: ending in .png, .jpg, .jpeg or .webp.
        details: recorded are ``prompt``, ``negative_prompt``, ``background`` (its source,
            ``scene``, ``picture``, ``color``, ``blur`` or ``transparent``), ``seed`` and
            ``models``; prompts and seed only of a generated scene.
        quality: of JPEG and WebP, 1 to 100.

    Raises:
        BadInput: another suffix, a path that cannot be written to, or a quality out of its bounds.
    """
    recorded = {key: _printable(details[key]) for key in RECORDED if details.get(key) is not None}
    if recorded.get("background", "scene") != "scene":
        recorded = {key: recorded[key] for key in ("background", "models") if key in recorded}
    description = _description(recorded)
    text = {"Description": description, "Software": SOFTWARE}
    text |= {key: _as_text(value) for key, value in recorded.items()}
    packet = _packet(recorded, description)
    encoding.save(image, path, text=text, xmp=packet, quality=quality)


def _description(recorded: Mapping[str, Any]) -> str:
    if "prompt" in recorded:
        return GENERATED
    backdrop = BACKDROPS.get(str(recorded.get("background")))
    return PLACED.format(backdrop) if backdrop else CUT_OUT


def read(path: str | Path) -> dict[str, Any]:
    """The provenance that :func:`save` wrote into a file.

    Returns:
        ``description``, ``software``, ``digital_source_type`` (None for a cut-out) and those of
        prompt, negative_prompt, background, seed and models that were recorded; empty for a picture
        that this program did not write.

    Raises:
        BadInput: the file is not a picture.
    """
    try:
        with images.open_image(path) as image:
            packet = image.info.get("xmp", b"")
    except UnidentifiedImageError:
        raise BadInput(f"{Path(path).name} is no picture") from None
    except OSError as error:
        raise BadInput(f"cannot read {path}: {error.strerror or error}") from None
    return _unpacked(packet if isinstance(packet, bytes) else packet.encode())


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _printable(value: Any) -> Any:
    """Values without the characters that XML does not allow (XML 1.0, production 2)."""
    if isinstance(value, str):
        allowed = (c for c in value if c in "\t\n" or (c >= " " and not "\ud800" <= c <= "\udfff"))
        return "".join(c for c in allowed if c not in "\ufffe\uffff")
    if isinstance(value, Mapping):
        return {str(key): _printable(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_printable(inner) for inner in value]
    return value


def _packet(recorded: Mapping[str, Any], description: str) -> str:
    for prefix, uri in (PREFIXES | {"bgswap": OWN}).items():
        ET.register_namespace(prefix, uri)
    root = ET.Element(f"{{{PREFIXES['x']}}}xmpmeta")
    node = ET.SubElement(ET.SubElement(root, f"{{{RDF}}}RDF"), f"{{{RDF}}}Description")
    node.set(f"{{{RDF}}}about", "")
    alternatives = ET.SubElement(ET.SubElement(node, f"{{{DC}}}description"), f"{{{RDF}}}Alt")
    line = ET.SubElement(alternatives, f"{{{RDF}}}li", {f"{{{XML}}}lang": "x-default"})
    line.text = description
    properties = {f"{{{XMP}}}CreatorTool": SOFTWARE}
    if "prompt" in recorded:
        properties[f"{{{IPTC}}}DigitalSourceType"] = SOURCE_TYPE
        properties[f"{{{IPTC}}}AIPromptInformation"] = recorded["prompt"]
        properties[f"{{{IPTC}}}AISystemUsed"] = SOFTWARE
    properties[f"{{{OWN}}}details"] = json.dumps(recorded, ensure_ascii=False)
    for name, value in properties.items():
        ET.SubElement(node, name).text = value
    body = ET.tostring(root, encoding="unicode")
    return f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>{body}<?xpacket end="r"?>'


def _unpacked(packet: bytes) -> dict[str, Any]:
    # Our packets have no document type declaration; entities in one could expand without limit.
    if OWN.encode() not in packet or b"<!" in packet:
        return {}
    try:
        root = ET.fromstring(packet.rstrip(b"\0").decode())
        recorded = json.loads(root.findtext(f".//{{{OWN}}}details", "{}"))
    except (ET.ParseError, ValueError) as error:
        log.info("unreadable XMP: %s", error)
        return {}
    return recorded | {
        "description": root.findtext(f".//{{{DC}}}description//{{{RDF}}}li"),
        "software": root.findtext(f".//{{{XMP}}}CreatorTool"),
        "digital_source_type": root.findtext(f".//{{{IPTC}}}DigitalSourceType"),
    }
