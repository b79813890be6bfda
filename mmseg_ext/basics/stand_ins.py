"""Files that hold something else than their names say: what they are."""
FETCH = 'fetch the file itself:'
# Beginning of a file -> what it is, and what to do.
_TEXTS = (
    (b'version https://git-lfs.github.com/',
     f'a pointer of Git LFS; {FETCH} git lfs pull'),
    (b'/annex/objects/', f'a pointer of git-annex; {FETCH} git annex get'),
    (b'outs:', f'a pointer of DVC; {FETCH} dvc pull'),
    (b'<!doctype html', 'a web page, most likely of a download that failed; '
     'download the file again'),
    (b'<html', 'a web page, most likely of a download that failed; '
     'download the file again'),
    (b'%pdf-', 'a PDF document; export its pictures as PNG'),
)
_BRANDS = {b'avif': 'AVIF', b'avis': 'AVIF', b'heic': 'HEIC',
           b'heix': 'HEIC', b'mif1': 'HEIF', b'msf1': 'HEIF'}
_SAVE = 'which is not read; save it as PNG or TIFF'


def describe_stand_in(data: bytes) -> str:
    """Say what a file is that is not what was expected.

    Args:
        data: Its content, or the first kilobytes of it.

    Returns:
        What it is and what to do, without a full stop; '' if that is
        unknown.
    """
    if not data:
        return 'it is empty; copy it from its source again'
    if not any(data[:4096]):
        return ('it holds nothing but zeros, as after a copy that was broken '
                'off; copy it from its source again')
    start = data[:64].lstrip().lower()
    for begin, text in _TEXTS:
        if start.startswith(begin):
            return f'it is {text}'
    if data[4:8] == b'ftyp' and data[8:12] in _BRANDS:
        return f'it is of the format {_BRANDS[data[8:12]]}, {_SAVE}'
    if data[128:132] == b'DICM':
        return f'it is a DICOM file, {_SAVE}'
    return ''
