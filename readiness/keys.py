"""What identifies a launch and a region launch?"""

from readiness.values import Frozen, Slug


class LaunchKey(Frozen):
    """One product's launch; `run` counts the launches of that product from 1."""

    product: Slug
    run: int

    def __str__(self) -> str:
        return f"{self.product} (launch {self.run})"


class RegionKey(Frozen):
    """One product in one region; `run` counts the times that it was started there from 1."""

    product: Slug
    region: Slug
    run: int

    def __str__(self) -> str:
        return f"{self.product}/{self.region} (run {self.run})"


class ReinforcementKey(RegionKey):
    """A region launch that has launched and still owes something: what is kept up for it afterwards."""

    def of_region(self) -> RegionKey:
        """Return the key of the region launch."""
        return RegionKey(product=self.product, region=self.region, run=self.run)

    def __str__(self) -> str:
        return f"{self.product}/{self.region} (run {self.run}, after its launch)"
