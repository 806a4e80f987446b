# syntax=docker/dockerfile:1
# Any image with this version of Go will do: --build-arg BASE=…. A test holds it to go.mod, and to a digest.
ARG BASE=golang:1.26.0-bookworm@sha256:2a0ba12e116687098780d3ce700f9ce3cb340783779646aafbabed748fa6677c
FROM ${BASE} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=dev
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/platform-action ./action \
 && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=${VERSION}" -o /out/platform-app ./app \
 && mkdir /out/data

# The server. It needs no right on its machine but to write to /data.
FROM scratch AS server
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/platform-app /platform-app
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
ENV PLATFORM_LISTEN=0.0.0.0:8080 PLATFORM_DATABASE_URL=sqlite:/data/platform.db
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["/platform-app"]

# The Action, last, because it is what `image: Dockerfile` builds. No USER: the runner mounts the workspace and the files
# of outputs and summary as its own user has them, which is seldom the one of an image, and GitHub asks for the default
# user. No WORKDIR: the runner sets it to the workspace, and one here would hide that it did not.
FROM scratch AS action
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/platform-action /platform-action
ENTRYPOINT ["/platform-action"]
