"""Write TIFF files byte by byte, whatever their tags."""
import struct

CODES = {1: 'B', 2: 's', 3: 'H', 4: 'I', 16: 'Q'}


def lzw(data: bytes) -> bytes:
    """Compress as TIFF 6.0, section 13, writes it down."""
    bits, table, width, word = [], {}, 9, b''

    def put(code: int) -> None:
        bits.append(f'{code:0{width}b}')

    put(256)
    for byte in data:
        longer = word + bytes([byte])
        if len(longer) == 1 or longer in table:
            word = longer
            continue
        put(table.get(word, word[0]))
        table[longer] = 258 + len(table)
        width = (258 + len(table)).bit_length()
        if 258 + len(table) == 4094:
            put(256)
            table, width = {}, 9
        word = bytes([byte])
    if word:
        put(table.get(word, word[0]))
        width = (259 + len(table)).bit_length()
    put(257)
    text = ''.join(bits)
    text += '0' * (-len(text) % 8)
    return int(text, 2).to_bytes(len(text) // 8, 'big')


def packbits(data: bytes) -> bytes:
    """Compress as TIFF 6.0, section 9: runs, and all else byte by byte."""
    out, place = bytearray(), 0
    while place < len(data):
        run = 1
        while data[place:place + 1] == data[place + run:place + run + 1] \
                and run < 128:
            run += 1
        out += bytes([257 - run & 255, data[place]])
        place += run
    return bytes(out)


def pack(numbers, bits: int) -> bytes:
    """Pack rows of numbers without gaps; every row begins a byte."""
    rows = []
    for row in numbers.reshape(len(numbers), -1).tolist():
        text = ''.join(f'{number:0{bits}b}' for number in row)
        text += '0' * (-len(text) % 8)
        rows.append(int(text, 2).to_bytes(len(text) // 8, 'big'))
    return b''.join(rows)


def tiff(pages, order: str = '<', big: bool = False) -> bytes:
    """Return a file of pages.

    Args:
        pages: (tags, strips) of each, where tags are tag -> number, numbers,
            or bytes; width, height, bits and so on are the caller's.
        order: Of the bytes.
        big: Whether to write BigTIFF.
    """
    wide, room = ('Q', 8) if big else ('I', 4)
    file = bytearray(b'II' if order == '<' else b'MM')
    file += struct.pack(f'{order}HHHQ' if big else f'{order}HI',
                        *((43, 8, 0, 0) if big else (42, 0)))
    link = len(file) - room
    for tags, strips in pages:
        places = []
        for strip in strips:
            places.append(len(file))
            file += strip
        where, sizes = (324, 325) if 322 in tags else (273, 279)
        tags = {where: tuple(places),
                sizes: tuple(len(strip) for strip in strips), **tags}
        entries = b''
        for tag, values in sorted(tags.items()):
            kind, count, content = _content(values, order, big)
            if len(content) > room:
                start = len(file)
                file += content
                content = struct.pack(order + wide, start)
            entries += struct.pack(f'{order}HH{wide}', tag, kind, count)
            entries += content.ljust(room, b'\0')
        file += bytes(len(file) % 2)
        struct.pack_into(order + wide, file, link, len(file))
        file += struct.pack(order + ('Q' if big else 'H'), len(tags))
        file += entries
        link = len(file)
        file += bytes(room)
    return bytes(file)


def _content(values, order: str, big: bool) -> tuple[int, int, bytes]:
    if isinstance(values, bytes):
        return 2, len(values), values
    values = values if isinstance(values, tuple) else (values, )
    kind = 3 if max(values) < 2**16 else 16 if big else 4
    return kind, len(values), struct.pack(
        f'{order}{len(values)}{CODES[kind]}', *values)


def grey(pixels, bits: int = 8, **tags) -> tuple[dict, list[bytes]]:
    """Return tags and the only strip of a grey picture.

    Args:
        pixels: (H, W) integers.
        bits: Of each.
        **tags: Further ones, ``t258=8``.
    """
    height, width = pixels.shape
    found = {256: width, 257: height, 258: bits, 259: 1, 262: 1, 277: 1,
             278: height}
    found.update({int(name[1:]): value for name, value in tags.items()})
    return found, [pack(pixels, bits)]
