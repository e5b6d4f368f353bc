package workload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	pb "github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/tests/histories/internal/caller"
	"github.com/everruns/mortise/tests/histories/internal/model"
	"google.golang.org/grpc"
)

// largeText is the size of a file that is read in several pieces.
const largeText = 600 * 1024

// files: clients read a file and write what follows from it, if it is still the same.
func files() Workload {
	return Workload{
		Name: "files", Service: "mortise.adapter.v1.SessionFileSystemService",
		Clients: 5, Model: model.Files(),
		run: func(ctx context.Context, r *Run) error {
			var clients []func() error
			for i := range 5 {
				c := r.client(i)
				clients = append(clients, func() error { return r.useFiles(ctx, c, i) })
			}
			return together(clients...)
		},
	}
}

func (r *Run) useFiles(ctx context.Context, c *caller.Caller, number int) error {
	for step := range 14 {
		path := c.Rand.IntN(model.Paths)
		size := ""
		if c.Rand.IntN(20) == 0 {
			size = "L"
		}
		content := model.Content(fmt.Sprintf("c%d.%d%s", number, step, size))
		seen, err := r.readFile(ctx, c, path)
		if err != nil {
			return err
		}
		switch dice := c.Rand.IntN(100); {
		case dice < 15 || seen == "":
			err = r.writeFile(ctx, c, path, content)
		case dice < 22:
			err = r.deleteFile(ctx, c, path)
		default:
			err = r.compareAndSet(ctx, c, model.CompareAndSet{Path: path, Expected: seen, New: content})
		}
		if err != nil {
			return err
		}
		c.Pause()
	}
	return nil
}

func pathName(path int) string { return fmt.Sprintf("/f%d", path) }

// text is what a file holds whose content has this name. Every line says it, so that a
// mixture of two shows.
func text(content model.Content) string {
	if strings.HasSuffix(string(content), "L") {
		return strings.Repeat(string(content)+"\n", largeText/(len(content)+1))
	}
	return string(content) + "\n"
}

// nameOf finds the name of what a file holds.
func nameOf(held string) model.Content {
	line, _, _ := strings.Cut(held, "\n")
	if name := model.Content(line); text(name) == held {
		return name
	}
	return model.Content(fmt.Sprintf("torn: %d bytes that begin with %s", len(held), line))
}

func (r *Run) readFile(ctx context.Context, c *caller.Caller, path int) (model.Content, error) {
	return caller.Read(ctx, c, model.ReadFile{Path: path},
		func(ctx context.Context, conn *grpc.ClientConn) (model.Content, error) {
			stream, err := pb.NewSessionFileSystemServiceClient(conn).ReadFile(ctx, &pb.ReadFileRequest{
				Context: r.context(""), SessionId: r.Session, Path: pathName(path),
			})
			if err != nil {
				return "", err
			}
			var held strings.Builder
			exists := false
			for {
				part, err := stream.Recv()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					return "", err
				}
				exists = exists || part.GetHeader() != nil
				held.Write(part.GetChunk())
			}
			if !exists {
				return "", nil
			}
			return nameOf(held.String()), nil
		})
}

func (r *Run) writeFile(ctx context.Context, c *caller.Caller, path int, content model.Content) error {
	_, _, err := caller.Change(ctx, c, model.WriteFile{Path: path, Content: content},
		func(ctx context.Context, conn *grpc.ClientConn, id string) (model.Done, error) {
			_, err := pb.NewSessionFileSystemServiceClient(conn).WriteFile(ctx, &pb.WriteFileRequest{
				Context: r.context(id), SessionId: r.Session, Path: pathName(path),
				Content: text(content), Encoding: "text",
			})
			return model.Done{}, err
		})
	return err
}

func (r *Run) deleteFile(ctx context.Context, c *caller.Caller, path int) error {
	_, _, err := caller.Change(ctx, c, model.DeleteFile{Path: path},
		func(ctx context.Context, conn *grpc.ClientConn, id string) (model.Deleted, error) {
			answer, err := pb.NewSessionFileSystemServiceClient(conn).DeleteFile(ctx, &pb.DeleteFileRequest{
				Context: r.context(id), SessionId: r.Session, Path: pathName(path),
			})
			return model.Deleted(answer.GetDeleted()), err
		})
	return err
}

func (r *Run) compareAndSet(ctx context.Context, c *caller.Caller, op model.CompareAndSet) error {
	_, _, err := caller.Change(ctx, c, op,
		func(ctx context.Context, conn *grpc.ClientConn, id string) (model.Written, error) {
			answer, err := pb.NewSessionFileSystemServiceClient(conn).WriteFileIfContentMatches(ctx,
				&pb.WriteFileIfContentMatchesRequest{
					Context: r.context(id), SessionId: r.Session, Path: pathName(op.Path),
					ExpectedContent: text(op.Expected), ExpectedEncoding: "text",
					Content: text(op.New), Encoding: "text",
				})
			return model.Written(answer.GetFile() != nil), err
		})
	return err
}
