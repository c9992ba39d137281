"""A film of the quickstart:  sinew run examples/quickstart.yaml && pvbatch examples/paraview/billows.py out/quickstart

Without a display:  xvfb-run -a pvbatch ...   In ParaView itself: Tools, Python Shell, Run Script."""
import os
import sys

from paraview.simple import *

folder = sys.argv[1] if len(sys.argv) > 1 else "out/quickstart"
series = OpenDataFile(os.path.abspath(os.path.join(folder, "fields.xmf")))
view = CreateRenderView(ViewSize=[800, 800], OrientationAxesVisibility=0)
shown = Show(series, view)
shown.SetRepresentationType("Surface")
ColorBy(shown, ("CELLS", "rho"))
GetColorTransferFunction("rho").RescaleTransferFunction(0.9, 2.1)  # the same colours in every picture
view.InteractionMode = "2D"
ResetCamera(view)
times = list(series.TimestepValues)
for frame, time in enumerate(times):
    view.ViewTime = time
    Render(view)
    SaveScreenshot(os.path.join(folder, f"billows_{frame:03d}.png"), view)
print(f"{len(times)} pictures in {folder}")
