"""Whose JSON file it is, as far as it can be told from what is in it."""
import json

import pytest

from mmseg_ext.basics.annotation_files import COCO, LABELME, read_annotations

LABELME_FILE = dict(version='5.4.1', shapes=[dict(label='Riß', points=[])])
# As the programs' own documentation shows them, cut short.
OTHERS = dict(
    VIA=[dict(_via_settings={}, _via_img_metadata={}),
         {'a.png123': dict(filename='a.png', size=123, regions=[])}],
    Label_Studio=[
        [dict(id=1, data=dict(image='a.png'), annotations=[])],
        [dict(image='a.png', tag=[], id=1, annotator=1)],
        dict(id=1, data={}, annotations=[])],
    Supervisely=[dict(description='', size=dict(height=9, width=9),
                      objects=[dict(classTitle='pore')])],
    Roboflow=[dict(predictions=[dict(x=1, y=2, width=3, height=4)],
                   image=dict(width=9, height=9))],
    GeoJSON=[dict(type='FeatureCollection', features=[])],
    Segment_Anything=[dict(image=dict(image_id=1), annotations=[])],
    Darwin=[dict(version='2.0', item={}, annotations=[])],
    Datumaro=[dict(info={}, categories={}, items=[])],
    CVAT=[dict(version=0, tags=[], shapes=[dict(points=[1, 2])], tracks=[]),
          [dict(version=0, tags=[], shapes=[], tracks=[])]],
    Labelbox=[[{'ID': '1', 'Labeled Data': 'a.png', 'Label': {}}],
              dict(data_row={}, media_attributes={}, projects={})],
    Hasty=[dict(project_name='x', images=[], label_classes=[])],
    Dataloop=[dict(filename='/a.png', itemMetadata={}, annotations=[])],
    SuperAnnotate=[dict(metadata=dict(name='a.png'), instances=[])])


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16'])
def test_labelme_in_every_kind_of_unicode(tmp_path, encoding):
    path = tmp_path / 'a.json'
    path.write_text(json.dumps(LABELME_FILE, ensure_ascii=False),
                    encoding=encoding)
    assert read_annotations(path) == (LABELME, LABELME_FILE)


def test_labelme_in_a_code_page(tmp_path):
    path = tmp_path / 'a.json'
    path.write_bytes(json.dumps(
        dict(shapes=[dict(label='裂纹')]), ensure_ascii=False).encode('gbk'))
    with pytest.raises(ValueError, match=r'a\.json .*save it as UTF-8'):
        read_annotations(path)


def test_coco(tmp_path):
    content = dict(images=[], annotations=[], categories=[])
    (tmp_path / 'a.json').write_text(json.dumps(content))
    assert read_annotations(tmp_path / 'a.json') == (COCO, content)


@pytest.mark.parametrize('program, content', [
    (program, content) for program, kinds in OTHERS.items()
    for content in kinds])
def test_other_programs_are_named(tmp_path, program, content):
    path = tmp_path / 'a.json'
    path.write_text(json.dumps(content))
    words = program.replace('_', ' ')
    with pytest.raises(ValueError, match=(
            rf'a\.json is a JSON file of .*{words}.*not read\. Export COCO')):
        read_annotations(path)


@pytest.mark.parametrize('text', [
    '{{"shapes": [], "imageHeight": {}}}', '[{}]', '-{}',
    '{{"images": [{{"id": {}}}], "annotations": []}}'])
def test_numbers_that_python_refuses(tmp_path, text):
    (tmp_path / 'a.json').write_text(text.format('9' * 5000))
    with pytest.raises(ValueError, match=r'a\.json holds a number of 500'):
        read_annotations(tmp_path / 'a.json')


@pytest.mark.parametrize('text, words', [
    ('{"shapes": ', 'no JSON file of labelme or COCO'),
    ('[' * 100_000, 'no JSON file of labelme or COCO'),
    ('', 'no JSON file of labelme or COCO'), ('[]', 'holds something else'),
    ('3', 'holds something else'), ('{"a": 1}', "holds 'a'"),
    ('{"shapes": null}', "holds 'shapes'")])
def test_no_annotations(tmp_path, text, words):
    (tmp_path / 'a.json').write_text(text)
    with pytest.raises(ValueError, match=rf'a\.json is no JSON.*{words}'
                       if 'holds' in words else rf'a\.json is {words}'):
        read_annotations(tmp_path / 'a.json')


def test_what_is_no_json_at_all(tmp_path):
    path = tmp_path / 'a.json'
    for content, words in ((b'version https://git-lfs.github.com/spec/v1',
                            'git lfs pull'), (b'<html>', 'web page')):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=rf'a\.json is no JSON .*{words}'):
            read_annotations(path)
