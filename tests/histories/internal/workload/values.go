package workload

import (
	"context"
	"fmt"

	pb "github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/tests/histories/internal/caller"
	"github.com/everruns/mortise/tests/histories/internal/model"
	"google.golang.org/grpc"
)

// values: clients set, read, delete and list the same few keys.
func values() Workload {
	return Workload{
		Name: "values", Service: "mortise.adapter.v1.SessionStorageStoreService",
		Clients: 5, Model: model.SessionValues(),
		run: func(ctx context.Context, r *Run) error {
			var clients []func() error
			for i := range 5 {
				c := r.client(i)
				clients = append(clients, func() error { return r.useValues(ctx, c, i) })
			}
			return together(clients...)
		},
	}
}

func (r *Run) useValues(ctx context.Context, c *caller.Caller, number int) error {
	for step := range 24 {
		key := c.Rand.IntN(model.Keys)
		var err error
		switch dice := c.Rand.IntN(100); {
		case dice < 38:
			err = r.setValue(ctx, c, key, model.Value(fmt.Sprintf("v%d.%d", number, step)))
		case dice < 73:
			err = r.getValue(ctx, c, key)
		case dice < 88:
			err = r.deleteValue(ctx, c, key)
		default:
			err = r.listKeys(ctx, c)
		}
		if err != nil {
			return err
		}
		c.Pause()
	}
	return nil
}

func keyName(key int) string { return fmt.Sprintf("k%d", key) }

func (r *Run) setValue(ctx context.Context, c *caller.Caller, key int, value model.Value) error {
	_, _, err := caller.Change(ctx, c, model.SetValue{Key: key, Value: value},
		func(ctx context.Context, conn *grpc.ClientConn, id string) (model.Done, error) {
			_, err := pb.NewSessionStorageStoreServiceClient(conn).SetValue(ctx, &pb.SetValueRequest{
				Context: r.context(id), SessionId: r.Session, Key: keyName(key), Value: string(value),
			})
			return model.Done{}, err
		})
	return err
}

func (r *Run) getValue(ctx context.Context, c *caller.Caller, key int) error {
	_, err := caller.Read(ctx, c, model.GetValue{Key: key},
		func(ctx context.Context, conn *grpc.ClientConn) (model.Value, error) {
			answer, err := pb.NewSessionStorageStoreServiceClient(conn).GetValue(ctx, &pb.GetValueRequest{
				Context: r.context(""), SessionId: r.Session, Key: keyName(key),
			})
			return model.Value(answer.GetValue()), err
		})
	return err
}

func (r *Run) deleteValue(ctx context.Context, c *caller.Caller, key int) error {
	_, _, err := caller.Change(ctx, c, model.DeleteValue{Key: key},
		func(ctx context.Context, conn *grpc.ClientConn, id string) (model.Deleted, error) {
			answer, err := pb.NewSessionStorageStoreServiceClient(conn).DeleteValue(ctx, &pb.DeleteValueRequest{
				Context: r.context(id), SessionId: r.Session, Key: keyName(key),
			})
			return model.Deleted(answer.GetDeleted()), err
		})
	return err
}

func (r *Run) listKeys(ctx context.Context, c *caller.Caller) error {
	_, err := caller.Read(ctx, c, model.ListKeys{},
		func(ctx context.Context, conn *grpc.ClientConn) (model.Values, error) {
			answer, err := pb.NewSessionStorageStoreServiceClient(conn).ListKeys(ctx, &pb.ListKeysRequest{
				Context: r.context(""), SessionId: r.Session,
			})
			var values model.Values
			for _, info := range answer.GetKeys() {
				for key := range values {
					if info.GetKey() == keyName(key) {
						values[key] = "+"
					}
				}
			}
			return values, err
		})
	return err
}
