"""Computes the numbers that packages/evaluation must give, with the programs that others use for them.

    python3 evaluation_values.py --out FILE

Frechet distances come from torch-fidelity and from scipy's matrix square root, kernel distances from torch-fidelity,
precision, recall, density and coverage from prdc, mean and nearest distances from scipy. The features are drawn here, by
a seed. The file is JSON: a list of cases with the features and the numbers.
"""

import argparse
import contextlib
import io
import json

import numpy as np
import torch
from prdc import compute_prdc
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist, pdist
from torch_fidelity.metric_fid import fid_features_to_statistics, fid_statistics_to_metric
from torch_fidelity.metric_kid import kid_features_to_metric

SUBSETS, SUBSET_SIZE, SEED = 7, 15, 2020


def draw_cases():
    """Yields name, real [N, D], samples [M, D]."""
    random = np.random.RandomState(1)

    def draw(rows, width, shift=0.0, mix=0.5):
        values = random.normal(size=(rows, width)) @ (np.eye(width) + mix * random.normal(size=(width, width)))
        return np.round(np.maximum(values + shift, -0.5), 4)

    yield "more rows than features", draw(90, 8), draw(80, 8, 0.4)
    yield "fewer rows than features", draw(16, 24), draw(20, 24, 0.2)
    real, samples = draw(60, 6), draw(60, 6, 0.1)
    real[:, 2] = samples[:, 2] = 0
    samples[:, 5] = samples[:, 1]
    yield "features that are 0 or equal", real, samples
    few = draw(4, 6, 0.3)
    yield "samples that repeat", draw(60, 6), np.concatenate([few] * 15) + np.round(0.01 * random.normal(size=(60, 6)), 4)


def frechet_by_scipy(real, samples):
    """|m1 - m2|^2 + tr(C1 + C2 - 2 sqrtm(C1 C2))"""
    c1, c2 = np.cov(real, rowvar=False), np.cov(samples, rowvar=False)
    means = real.mean(axis=0) - samples.mean(axis=0)
    return float(means @ means + np.trace(c1) + np.trace(c2) - 2 * np.trace(sqrtm(c1 @ c2)).real)


def frechet_by_torch_fidelity(real, samples):
    statistics = [fid_features_to_statistics(torch.from_numpy(features)) for features in (real, samples)]
    return float(fid_statistics_to_metric(*statistics, False)["frechet_inception_distance"])


def kernel_distance(real, samples):
    size = min(SUBSET_SIZE, len(real), len(samples))
    given = dict(kid_subsets=SUBSETS, kid_subset_size=size, rng_seed=SEED, verbose=False)
    metric = kid_features_to_metric(torch.from_numpy(real), torch.from_numpy(samples), **given)
    # torch-fidelity draws its subsets like this.
    random = np.random.RandomState(SEED)
    subsets = []
    for _ in range(SUBSETS):
        rows = [random.choice(len(features), size, replace=False) for features in (real, samples)]
        subsets.append({"x": sorted(rows[0].tolist()), "y": sorted(rows[1].tolist())})
    return {
        "subsets": subsets,
        "mean": metric["kernel_inception_distance_mean"],
        "deviation": metric["kernel_inception_distance_std"],
    }


def neighbours(real, samples, k):
    with contextlib.redirect_stdout(io.StringIO()):
        found = compute_prdc(real_features=real, fake_features=samples, nearest_k=k)
    return {name: float(value) for name, value in found.items()}


def describe(name, real, samples):
    return {
        "name": name,
        "width": real.shape[1],
        "real": real.ravel().tolist(),
        "samples": samples.ravel().tolist(),
        "frechet": {"scipy": frechet_by_scipy(real, samples), "torchFidelity": frechet_by_torch_fidelity(real, samples)},
        "kernel": kernel_distance(real, samples),
        "neighbours": {str(k): neighbours(real, samples, k) for k in (3, 5)},
        "diversity": float(pdist(samples).mean()),
        "nearest": {
            "index": cdist(samples, real).argmin(axis=1).tolist(),
            "distance": cdist(samples, real).min(axis=1).tolist(),
        },
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", required=True)
    out = parser.parse_args().out
    with open(out, "w") as file:
        json.dump([describe(*case) for case in draw_cases()], file)
        file.write("\n")
