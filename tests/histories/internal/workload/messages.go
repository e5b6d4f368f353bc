package workload

import (
	"context"
	"errors"
	"io"

	pb "github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"github.com/everruns/mortise/tests/histories/internal/caller"
	"github.com/everruns/mortise/tests/histories/internal/model"
	"google.golang.org/grpc"
)

func (l *eventLog) readMessages(ctx context.Context, c *caller.Caller) error {
	switch c.Rand.IntN(4) {
	case 0:
		return l.countMessages(ctx, c)
	case 1, 2:
		return l.loadMessages(ctx, c)
	default:
		l.mu.Lock()
		token := l.tokens[c.Rand.IntN(len(l.tokens))]
		l.mu.Unlock()
		if !token.HasMessage() {
			return nil
		}
		return l.getMessage(ctx, c, token)
	}
}

func (l *eventLog) countMessages(ctx context.Context, c *caller.Caller) error {
	_, err := caller.Read(ctx, c, model.CountMessages{},
		func(ctx context.Context, conn *grpc.ClientConn) (model.Count, error) {
			answer, err := pb.NewMessageRetrieverServiceClient(conn).CountMessages(ctx,
				&pb.CountMessagesRequest{Context: l.context(""), SessionId: l.Session})
			return model.Count(answer.GetCount()), err
		})
	return err
}

func (l *eventLog) getMessage(ctx context.Context, c *caller.Caller, token model.Token) error {
	_, err := caller.Read(ctx, c, model.GetMessage{Token: token},
		func(ctx context.Context, conn *grpc.ClientConn) (model.Found, error) {
			answer, err := pb.NewMessageRetrieverServiceClient(conn).GetMessage(ctx,
				&pb.GetMessageRequest{
					Context: l.context(""), SessionId: l.Session, MessageId: l.messageID(token),
				})
			return model.Found(answer.GetMessage() != nil), err
		})
	return err
}

func (l *eventLog) loadMessages(ctx context.Context, c *caller.Caller) error {
	_, err := caller.Read(ctx, c, model.LoadMessages{},
		func(ctx context.Context, conn *grpc.ClientConn) (model.Log, error) {
			stream, err := pb.NewMessageRetrieverServiceClient(conn).LoadMessages(ctx,
				&pb.LoadMessagesRequest{Context: l.context(""), SessionId: l.Session})
			if err != nil {
				return "", err
			}
			var found model.Log
			for {
				part, err := stream.Recv()
				if errors.Is(err, io.EOF) {
					return found, nil
				}
				if err != nil {
					return "", err
				}
				for _, message := range part.GetChunk().GetMessages() {
					found += model.Log(tokenOfMessage(message))
				}
			}
		})
	return err
}

func tokenOfMessage(message *pb.Message) string {
	for _, part := range message.GetContent() {
		if text := part.GetText(); text != nil {
			return text.GetText()
		}
	}
	return "??????"
}
