"""A name, tag or digest looked for everywhere: registries, images, containers."""
