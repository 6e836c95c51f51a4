"""What only the demo's tiny model is trained with; none of it is in the paper."""
