"""TIFF files with the headers of microscopes, as tifffile writes them."""
import struct
from pathlib import Path

import numpy as np
import tifffile

FEI = ('[User]\r\nUser=me\r\n[Beam]\r\nHV=10000\r\n[Scan]\r\n'
       'InternalScan=true\r\nPixelWidth={x}\r\nPixelHeight={y}\r\n'
       '[Image]\r\nResolutionX={width}\r\nResolutionY={height}\r\n'
       '[PrivateFei]\r\nBitShift=0\r\nDatabarHeight=8\r\n')
ZEISS = ('0\r\n0\r\n0\r\n{unnamed}\r\n0\r\nAP_IMAGE_PIXEL_SIZE\r\n'
         'Image Pixel Size = {side}\r\nAP_PIXEL_SIZE\r\nPixel Size = 99 nm\r\n'
         'DP_IMAGE_STORE\r\nStore resolution = {width} * {height}\r\n')


def picture(height: int = 40, width: int = 48) -> np.ndarray:
    return np.random.default_rng(0).integers(
        60, 140, (height, width), np.uint8)


def write_fei(path: Path, image: np.ndarray, metres: float,
              rows: int | None = None, tag: int = 34682,
              high: float | None = None) -> Path:
    """Write what an FEI microscope does, ``rows`` of the image its picture.

    Args:
        metres: Width of a pixel.
        high: Its height; None: the same.
    """
    text = FEI.format(
        x=metres, y=metres if high is None else high, width=image.shape[1],
        height=len(image) if rows is None else rows)
    return write_tag(path, image, tag, text)


def write_zeiss(path: Path, image: np.ndarray, metres: float, side: str,
                rows: int | None = None) -> Path:
    """Write what a Zeiss microscope does.

    Args:
        metres: Width of a pixel, for the unnamed value.
        side: The same with its unit, such as '50 nm'.
    """
    height, width = image.shape
    text = ZEISS.format(unnamed=metres * width / 1024, side=side, width=width,
                        height=height if rows is None else rows)
    return write_tag(path, image, 34118, text.encode('cp1252'))


def write_tag(path: Path, image: np.ndarray, tag: int,
              value: bytes | str, **options) -> Path:
    kind = 's' if isinstance(value, str) else 'B'
    tifffile.imwrite(
        path, image, metadata=None, extratags=[
            (tag, kind, 0 if kind == 's' else len(value), value, True)],
        **options)
    return path


def write_sis(path: Path, image: np.ndarray, x: float, y: float,
              exponent: int) -> Path:
    """Write what Olympus SIS does: ``x`` and ``y`` times 10**exponent m."""
    head = struct.pack('<4s6xhhhhh6x32sH', b'SIS0', 0, 12, 1, 1, 120,
                       b'image', 1)
    data = struct.pack('<10xhdd8xd2x34s32s', exponent, x, y, 1000, b'', b'')
    offset = 0
    for _ in range(2):  # it names its place in the file
        entry = struct.pack('<hhI', 1, 1, offset)
        write_tag(path, image, 33560, head + entry + data)
        with tifffile.TiffFile(path) as tiff:
            offset = tiff.pages[0].tags[33560].valueoffset + len(head) + 8
    return path
