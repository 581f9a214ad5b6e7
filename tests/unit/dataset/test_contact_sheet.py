"""The contact sheet: which images it shows, and how they are drawn."""

import numpy as np
import pandas as pd
import pytest

from deepfake.dataset import contact_sheet
from deepfake.extraction import images


def test_the_contact_sheet_has_every_method_and_many_videos():
    rows = [
        {"corpus": "a", "video": f"v{v}", "method": m, "file_name": f"train/fake/{m}{v}_{f}"}
        for m, videos in (("x", range(60)), ("y", range(60, 63))) for v in videos for f in range(3)
    ]  # fmt: skip
    chosen = contact_sheet.choose_images(pd.DataFrame(rows))["fake"]
    assert (
        len(chosen)
        == contact_sheet.COLUMNS * contact_sheet.ROWS
        == len({name.split("_")[0] for name in chosen})
    )
    assert sum("/y" in name for name in chosen) == 3


@pytest.mark.parametrize("shape", [(10, 2000, 3), (2000, 3, 3), (1, 1, 3), (128, 128, 3)])
def test_images_of_any_shape_fit_a_tile(shape):
    data = contact_sheet.draw_contact_sheet({"real": [np.zeros(shape, np.uint8)] * 9, "fake": []})
    assert (
        images.decode(data).shape[1]
        == contact_sheet.COLUMNS * (contact_sheet.TILE + contact_sheet.GAP) + contact_sheet.GAP
    )
