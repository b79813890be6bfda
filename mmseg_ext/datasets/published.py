"""Where published data sets come from, for whoever lacks their files."""
from dataclasses import dataclass
from typing import Optional

from mmseg_ext.basics.command_line import command_for, quote_command
from mmseg_ext.basics.shipped import name_shipped


@dataclass(frozen=True)
class PublishedSet:
    """A set that others publish.

    Attributes:
        title: Its name.
        address: Of the page with the download.
        folder: In ``configs/``; its README.md shows the layout.
        recipe: Of tools/convert_masks.py, where the layout is its result.
        sample: What tools/make_sample.py calls a synthetic set of the same
            layout and classes; None: there is none.
    """
    title: str
    address: str
    folder: str
    recipe: Optional[str] = None
    sample: Optional[str] = None

    def how_to_get(self, data_root: str) -> str:
        """Say where the set comes from, and how it gets to a folder."""
        readme = name_shipped(f'configs/{self.folder}/README.md')
        text = (f'{self.title} is published ({self.address}); section '
                f'Layout of {readme} shows what {data_root} has to hold.')
        if self.recipe:
            command = quote_command(
                ['DOWNLOADED', data_root, '--recipe', self.recipe])
            text += (f' {command_for("convert_masks")} {command} makes it of '
                     'the files as published.')
        text += (' If they are elsewhere, name that folder (a config takes '
                 'it by data_root or --data-root DIR)')
        if self.sample:
            command = quote_command([self.sample, data_root])
            text += (', or write a synthetic set: '
                     f'{command_for("make_sample")} {command}')
        return text


PUBLISHED = dict(
    cityscapes=PublishedSet(
        'Cityscapes', 'https://www.cityscapes-dataset.com', 'cityscapes',
        sample='cityscapes'),
    ksdd2=PublishedSet(
        'KolektorSDD2', 'https://www.vicos.si/resources/kolektorsdd2/',
        'ksdd2', sample='ksdd2'),
    metaldam=PublishedSet(
        'MetalDAM', 'https://github.com/ari-dasci/OD-MetalDAM', 'metaldam'),
    mvtec_ad=PublishedSet(
        'MVTec AD', 'https://www.mvtec.com/company/research/datasets/mvtec-ad',
        'mvtec_ad', sample='mvtec'),
    nasa_super1=PublishedSet(
        "NASA's Super1",
        'https://github.com/nasa/pretrained-microscopy-models', 'super1',
        recipe='nasa_super1'),
    neu_seg=PublishedSet(
        'NEU-Seg', 'https://github.com/DHW-Master/NEU_Seg', 'neu_seg'))
