"""Quadratic discriminant analysis: one normal distribution per class, fitted in closed form.

Hastie, Tibshirani, Friedman: The Elements of Statistical Learning, 2nd edition, section 4.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Covariances are drawn towards their diagonal, or rare classes would have singular ones.
_SHRINKAGE = 0.15
_FLOOR = 0.02
# Real features are neither normal nor independent of each other's tails: plain posteriors are
# far too sure. Cooled by this factor they rank borderline regions instead of calling all certain.
_TEMPERATURE = 3.0


@dataclass(frozen=True, slots=True)
class GaussianClassifier:
    """A fitted classifier.

    Attributes:
        centre: (F,) mean of the training features.
        scale: (F,) their deviation.
        means: (K, F) of each class, in scaled features.
        inverses: (K, F, F) inverse covariances.
        offsets: (K,) minus half the log determinant of the covariances.
        priors: (K,) log of each class's share.
    """

    centre: NDArray[np.float64]
    scale: NDArray[np.float64]
    means: NDArray[np.float64]
    inverses: NDArray[np.float64]
    offsets: NDArray[np.float64]
    priors: NDArray[np.float64]

    def posterior(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the probability of each class for features (N, F): (N, K), rows sum to 1."""
        scaled = (features - self.centre) / self.scale
        away = scaled[:, None, :] - self.means[None, :, :]
        squared = np.einsum("nkf,kfg,nkg->nk", away, self.inverses, away)
        log = self.priors + (self.offsets - squared / 2) / _TEMPERATURE
        shares = np.exp(log - log.max(axis=1, keepdims=True))
        probabilities: NDArray[np.float64] = shares / shares.sum(axis=1, keepdims=True)
        return probabilities


def fit(
    features: NDArray[np.float64], classes: NDArray[np.int64], n_classes: int
) -> GaussianClassifier:
    """Return the classifier of labelled features.

    A class with fewer than two members gets the distribution of all features and the smallest
    prior, so that it is possible but never likely.

    Args:
        features: (N, F).
        classes: (N,) 0-based.
        n_classes: how many classes there are.
    """
    centre = features.mean(axis=0)
    scale = np.maximum(features.std(axis=0), 1e-6)
    scaled = (features - centre) / scale
    means, inverses, offsets, priors = [], [], [], []
    for number in range(n_classes):
        members = scaled[classes == number]
        known = len(members) >= 2
        covariance = np.cov(members if known else scaled, rowvar=False)
        diagonal = np.diag(np.diag(covariance))
        covariance = (1 - _SHRINKAGE) * covariance + _SHRINKAGE * diagonal
        covariance += _FLOOR * np.eye(len(centre))
        priors.append(np.log(max(len(members), 0.5) / len(scaled)))
        means.append(members.mean(axis=0) if known else scaled.mean(axis=0))
        inverses.append(np.linalg.inv(covariance))
        offsets.append(-np.linalg.slogdet(covariance)[1] / 2)
    return GaussianClassifier(
        centre=centre,
        scale=scale,
        means=np.array(means),
        inverses=np.array(inverses),
        offsets=np.array(offsets),
        priors=np.array(priors),
    )
