module tocsin.dev/capture

go 1.24
