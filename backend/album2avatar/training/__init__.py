"""How the demo prior was trained: tokenizer, text encoder, autoencoder, UNet."""
