"""Colours of classes, by their order in the model: the same in viewer, reports and overlays."""

from __future__ import annotations

SAFE_COLOURS = 8
"""The first of them, between which and the threshold there is room for all eyes."""

# On a light page, on a dark one; each has a contrast of 3 or more to it. The first eight lie as far
# from each other as eight of the hues of Okabe and Ito's palette can and differ from the threshold:
# in OKLab, also as people with protanopia, deuteranopia and tritanopia see them (Machado et al.,
# 2009). Each other is the one farthest from all before it to eyes with and without protanopia and
# deuteranopia, of those that lie far from the three before it: neighbours are seen together most.
# `benchmarks/viewer/class_colours.py` chooses them, and says how far apart they are.
CLASS_COLOURS: tuple[tuple[str, str], ...] = (
    ("#845922", "#edb333"), ("#1f5162", "#3b9eef"), ("#669c8e", "#90cfa2"), ("#9f8418", "#9a932d"),
    ("#1c0382", "#0559f3"), ("#5f2807", "#b14328"), ("#be17af", "#df6d9a"), ("#6d4df8", "#85549c"),
    ("#233255", "#5acdff"), ("#7d8cf5", "#faeb7d"), ("#197369", "#14785f"), ("#0000e1", "#417dd7"),
    ("#c364c3", "#91e1e1"), ("#413c87", "#e60569"), ("#f56464", "#4bb4d7"), ("#7d3732", "#fa736e"),
    ("#0000b4", "#cdebb9"), ("#006991", "#6e50c3"), ("#640037", "#ffcd00"), ("#966e3c", "#14a0b9"),
    ("#3c64c8", "#d2a000"), ("#2d8c8c", "#82c8cd"), ("#6e283c", "#9b6487"), ("#7d73ff", "#b4dc82"),
    ("#699b5f", "#5587ff"), ("#0a646e", "#af6900"), ("#0091cd", "#9169af"), ("#233273", "#ff9673"),
    ("#0a4bdc", "#6eafff"), ("#ff4b9b", "#288755"), ("#824100", "#f5f000"), ("#235582", "#d7969b"),
    ("#6e6edc", "#c34bd2"), ("#1e1e96", "#4b6e37"), ("#785546", "#b9ebff"), ("#0014ff", "#ff64be"),
    ("#284169", "#f56419"), ("#a59600", "#0578f5"), ("#326eaf", "#afdcb9"), ("#693700", "#eb6478"),
    ("#322dc3", "#aa3782"), ("#d269e1", "#7ddcff"), ("#7d3250", "#af82dc"), ("#9b7378", "#ffc35f"),
    ("#8719a5", "#d71e46"), ("#916400", "#a5f0dc"), ("#1491af", "#649696"), ("#690050", "#aa0fdc"),
    ("#c37d4b", "#d7f5a5"), ("#a52d96", "#41a555"), ("#64001e", "#4bc3e6"), ("#82644b", "#875ab9"),
    ("#379bdc", "#5acd82"), ("#2355c3", "#b95073"), ("#9b7300", "#ebe15a"), ("#50a0aa", "#2dafb9"),
    ("#1e6e7d", "#a0ffd7"), ("#0064e1", "#e17850"), ("#a0784b", "#9bd2c3"), ("#643223", "#9673a0"),
    ("#e114a5", "#ffaa69"), ("#4b0f64", "#eb2341"), ("#c88278", "#91d2e1"), ("#b90082", "#c3009b"),
    ("#b455f0", "#cde696"), ("#69192d", "#37a57d"), ("#916e5a", "#69d232"), ("#282382", "#824baf"),
    ("#eb5fb4", "#91c3af"), ("#145550", "#c30a6e"), ("#0f46f0", "#b4af4b"), ("#1ea078", "#64beff"),
    ("#3c5a05", "#5a7dc3"), ("#506ec8", "#faaa91"), ("#b43769", "#e12382"), ("#6e0a41", "#af87fa"),
    ("#3c91e1", "#556e0f"), ("#73502d", "#3773c8"), ("#c85591", "#eb96e6"), ("#373296", "#dce178"),
    ("#8282ff", "#3c7d3c"), ("#19695a", "#b455e6"), ("#0a37d7", "#7daf8c"), ("#283764", "#006e9b"),
    ("#d769cd", "#b9dca0"), ("#c31e3c", "#3c9bcd"), ("#1900c3", "#3c5adc"), ("#e65082", "#f01e14"),
    ("#5a3278", "#3cbecd"), ("#147deb", "#557deb"), ("#b93c7d", "#9be6d2"), ("#ff5a32", "#d20a00"),
    ("#6e0f5f", "#aa87a5"), ("#0578a5", "#cd9637"), ("#2d23a5", "#915555"), ("#8c505a", "#28b9eb"),
    ("#be829b", "#2d64ff"), ("#5f55b4", "#46af55"), ("#5a4623", "#afe1f5"), ("#5a9164", "#2daac8"),
)  # fmt: skip
