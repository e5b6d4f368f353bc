package bench

import (
	"context"
	"fmt"
	"time"

	pb "github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/tests/histories/internal/caller"
	"github.com/everruns/mortise/tests/histories/internal/system"
	"github.com/everruns/mortise/tests/histories/internal/workload"
)

// describeWithin is how long a server may take to say what it offers.
const describeWithin = 10 * time.Second

// Offered divides workloads into those that the system offers the service of, and others.
func Offered(
	ctx context.Context, sys system.System, loads []workload.Workload,
) (offered, others []workload.Workload, err error) {
	conns, err := caller.Connect(sys.Sockets()[:1])
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = conns[0].Close() }()
	ctx, cancel := context.WithTimeout(ctx, describeWithin)
	defer cancel()
	answer, err := pb.NewAdapterServiceClient(conns[0]).Describe(ctx, &pb.DescribeRequest{
		Context:  &pb.CallContext{OrgId: 1},
		Client:   &pb.Identity{Name: "histories", Version: "1"},
		Protocol: &pb.ProtocolRange{Min: 1, Max: 1},
	})
	if err != nil {
		return nil, nil, fmt.Errorf("Describe: %w", err)
	}
	services := map[string]bool{}
	for _, service := range answer.GetServices() {
		services[service.GetName()] = true
	}
	for _, load := range loads {
		if services[load.Service] {
			offered = append(offered, load)
		} else {
			others = append(others, load)
		}
	}
	return offered, others, nil
}
