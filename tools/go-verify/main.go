// Checks a Tillid log with a verifier its authors did not write: golang.org/x/mod/sumdb, as Go's own checksum
// database uses it. Exit codes: 0 the log holds, 1 it does not, 2 could not look.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const width = 256

var errAbsent = errors.New("no such file")

type reader func(path string) ([]byte, error)

func main() {
	vkeyFile := flag.String("vkey", "", "file with the log's vkey")
	log := flag.String("log", "", "folder or URL of the log")
	withEntries := flag.Bool("entries", true, "check the entry bundles too")
	flag.Parse()
	vkey, err := os.ReadFile(*vkeyFile)
	if err != nil || *log == "" {
		fmt.Fprintln(os.Stderr, "usage: go run . -vkey FILE -log FOLDER|URL [-entries=false]", err)
		os.Exit(2)
	}
	size, err := verify(readerOf(*log), strings.TrimSpace(string(vkey)), *withEntries)
	var unreadable *unreadableError
	switch {
	case errors.As(err, &unreadable):
		fmt.Fprintln(os.Stderr, "could not look:", err)
		os.Exit(2)
	case err != nil:
		fmt.Println("fault:", err)
		os.Exit(1)
	}
	fmt.Printf("holds: %d leaves, entries checked: %t\n", size, *withEntries)
}

func verify(read reader, vkey string, withEntries bool) (int64, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return 0, err
	}
	text, err := read("checkpoint")
	if err != nil {
		return 0, fmt.Errorf("checkpoint: %w", err)
	}
	signed, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return 0, err
	}
	tree, err := parseCheckpoint(signed.Text, verifier.Name())
	if err != nil {
		return 0, err
	}
	if tree.N == 0 {
		if empty, _ := tlog.TreeHash(0, nil); empty != tree.Hash {
			return 0, errors.New("root of the empty tree is wrong")
		}
		return 0, nil
	}
	// Every tile this hands out is proven against the signed root first.
	hashes := tlog.TileHashReader(tree, &tiles{read})
	if root, err := tlog.TreeHash(tree.N, hashes); err != nil || root != tree.Hash {
		return tree.N, fmt.Errorf("the tiles do not hash to the signed root: %v", err)
	}
	for first := int64(0); first < tree.N; first += width {
		if err := verifyLeaves(read, hashes, first, min(width, tree.N-first), withEntries); err != nil {
			return tree.N, err
		}
	}
	return tree.N, nil
}

func verifyLeaves(read reader, hashes tlog.HashReader, first, count int64, withEntries bool) error {
	indexes := make([]int64, count)
	for i := range indexes {
		indexes[i] = tlog.StoredHashIndex(0, first+int64(i))
	}
	leaves, err := hashes.ReadHashes(indexes)
	if err != nil {
		return fmt.Errorf("leaves %d to %d: %w", first, first+count-1, err)
	}
	if !withEntries {
		return nil
	}
	bundle, err := readPartial(read, "tile/entries/"+number(first/width), int(count))
	if err != nil {
		return fmt.Errorf("bundle of leaf %d: %w", first, err)
	}
	for i, leaf := range leaves {
		if len(bundle) < 2 || len(bundle) < 2+int(binary.BigEndian.Uint16(bundle)) {
			return fmt.Errorf("leaf %d: bundle ends early", first+int64(i))
		}
		end := 2 + int(binary.BigEndian.Uint16(bundle))
		if tlog.RecordHash(bundle[2:end]) != leaf {
			return fmt.Errorf("leaf %d: the entry does not hash to it", first+int64(i))
		}
		bundle = bundle[end:]
	}
	if len(bundle) > 0 && count == width {
		return fmt.Errorf("bundle of leaf %d holds more than its entries", first)
	}
	return nil
}

func parseCheckpoint(text, origin string) (tlog.Tree, error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || lines[0] != origin {
		return tlog.Tree{}, errors.New("malformed checkpoint, or of another origin")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || strconv.FormatInt(size, 10) != lines[1] || size < 0 {
		return tlog.Tree{}, errors.New("malformed size")
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tlog.Tree{}, errors.New("malformed root")
	}
	return tlog.Tree{N: size, Hash: tlog.Hash(root)}, nil
}

type tiles struct{ read reader }

func (*tiles) Height() int                      { return 8 }
func (*tiles) SaveTiles([]tlog.Tile, [][]byte) {}
func (t *tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	answer := make([][]byte, len(wanted))
	for i, tile := range wanted {
		path := fmt.Sprintf("tile/%d/%s", tile.L, number(tile.N))
		data, err := readPartial(t.read, path, tile.W)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if len(data) < tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s: too short", path)
		}
		answer[i] = data[:tile.W*tlog.HashSize]
	}
	return answer, nil
}

// A partial file may be gone once the full one is there.
func readPartial(read reader, path string, count int) ([]byte, error) {
	if count < width {
		data, err := read(fmt.Sprintf("%s.p/%d", path, count))
		if !errors.Is(err, errAbsent) {
			return data, err
		}
	}
	return read(path)
}

func number(n int64) string {
	path := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		path = fmt.Sprintf("x%03d/%s", n%1000, path)
	}
	return path
}

type unreadableError struct{ cause error }

func (e *unreadableError) Error() string { return e.cause.Error() }

func readerOf(place string) reader {
	if !strings.HasPrefix(place, "http://") && !strings.HasPrefix(place, "https://") {
		return func(path string) ([]byte, error) {
			data, err := os.ReadFile(filepath.Join(place, filepath.FromSlash(path)))
			if errors.Is(err, fs.ErrNotExist) {
				return nil, errAbsent
			}
			if err != nil {
				return nil, &unreadableError{err}
			}
			return bytes.Clone(data), nil
		}
	}
	client := &http.Client{Timeout: 10 * time.Second}
	return func(path string) ([]byte, error) {
		response, err := client.Get(strings.TrimSuffix(place, "/") + "/" + path)
		if err != nil {
			return nil, &unreadableError{err}
		}
		defer response.Body.Close()
		if response.StatusCode == http.StatusNotFound {
			return nil, errAbsent
		}
		if response.StatusCode != http.StatusOK {
			return nil, &unreadableError{fmt.Errorf("%s: %s", path, response.Status)}
		}
		data, err := io.ReadAll(io.LimitReader(response.Body, 32<<20))
		if err != nil {
			return nil, &unreadableError{err}
		}
		return data, nil
	}
}
