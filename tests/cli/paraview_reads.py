"""pvbatch paraview_reads.py SERIES.xmf PICTURE.png: the readers of XDMF that ParaView has must see in a series what
its HDF5 files hold: times, names, values of cells, coordinates (which of a moving mesh differ from time to time). Then a
picture of the first field at the last time is rendered, unless PICTURE.png is -."""
import os
import sys
import xml.etree.ElementTree as ElementTree

import h5py
import numpy
from paraview import servermanager, simple
from vtkmodules.util.numpy_support import vtk_to_numpy


def array(item, folder):
    """What a DataItem refers to."""
    text = item.text.strip()
    if item.get("Format") == "XML":
        return numpy.array(text.split(), float)
    name, path = text.split(":")
    with h5py.File(os.path.join(folder, name)) as file:
        return file[path][...]


def points_wanted(grid, folder):
    """Nodes (z, y, x, 3) of a grid of the collection."""
    geometry = grid.find("Geometry")
    items = [array(item, folder) for item in geometry.findall("DataItem")]
    if geometry.get("GeometryType") == "XYZ":
        return items[0].reshape(-1, 3)
    shape = [int(n) for n in grid.find("Topology").get("Dimensions").split()]
    axes = [items[0][d] + items[1][d] * numpy.arange(shape[d]) for d in range(3)]
    z, y, x = numpy.meshgrid(*axes, indexing="ij")
    return numpy.stack([x, y, z], -1).reshape(-1, 3)


def points_of(data):
    """Nodes of a data set, of an image too."""
    return numpy.array([data.GetPoint(i) for i in range(data.GetNumberOfPoints())])


def data_at(reader, time):
    reader.UpdatePipeline(time)
    data = servermanager.Fetch(reader)
    while data.IsA("vtkMultiBlockDataSet"):
        data = data.GetBlock(0)
    return data


def check(path, name, make):
    folder = os.path.dirname(path)
    reader = make(path)
    reader.UpdatePipelineInformation()
    seen = list(reader.TimestepValues)
    # a run that goes on may have added to the collection since
    grids = list(ElementTree.parse(path).getroot().find("Domain").find("Grid").findall("Grid"))[: len(seen)]
    times = [float(grid.find("Time").get("Value")) for grid in grids]
    assert numpy.allclose(seen, times, rtol=1e-14, atol=0), (name, seen, times)
    first = None
    for time, grid in zip(times, grids):
        data = data_at(reader, time)
        points = points_wanted(grid, folder)
        first = points_of(data) if first is None else first
        size = numpy.abs(points).max()
        assert numpy.allclose(points_of(data), points, rtol=0, atol=1e-6 * size), (name, time, "points")  # readers' floats
        for attribute in grid.findall("Attribute"):
            values = data.GetPointData() if attribute.get("Center") == "Node" else data.GetCellData()
            names = [values.GetArrayName(i) for i in range(values.GetNumberOfArrays())]
            assert attribute.get("Name") in names, (name, time, attribute.get("Name"), names)
            wanted = array(attribute.find("DataItem"), folder)
            got = vtk_to_numpy(values.GetArray(attribute.get("Name")))
            assert numpy.array_equal(got.ravel(), wanted.ravel()), (name, time, attribute.get("Name"))
    print(f"{name}: {len(times)} times, {data.GetNumberOfCells()} cells, {len(grid.findall('Attribute'))} fields as written")
    moves = numpy.abs(points_of(data) - first).max() > 1e-4 * size
    simple.Delete(reader)
    return moves


def render(path, picture):
    reader = simple.OpenDataFile(path)
    reader.UpdatePipelineInformation()
    view = simple.CreateRenderView(ViewSize=[400, 300], ViewTime=list(reader.TimestepValues)[-1])
    shown = simple.Show(reader, view)
    shown.SetRepresentationType("Surface")
    simple.ColorBy(shown, ("CELLS", reader.CellData.GetArray(0).GetName()))
    shown.RescaleTransferFunctionToDataRange(True)
    simple.ResetCamera(view)
    simple.SaveScreenshot(picture, view)


def main():
    path, picture = os.path.abspath(sys.argv[1]), sys.argv[2]
    moves = check(path, "Xdmf3ReaderS", lambda p: simple.Xdmf3ReaderS(FileName=[p]))
    check(path, "Xdmf3ReaderT", lambda p: simple.Xdmf3ReaderT(FileName=[p]))
    sizes = ElementTree.parse(path).getroot().find(".//Topology").get("Dimensions")  # None: unstructured
    if sizes and "1" not in sizes.split():  # the oldest reader loses the cells of flat grids
        check(path, "XDMFReader", lambda p: simple.XDMFReader(FileNames=[p]))
    print("moving:", "yes" if moves else "no")
    if picture != "-":
        render(path, picture)


main()
