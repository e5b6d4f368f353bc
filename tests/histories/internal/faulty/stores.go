package faulty

import (
	"context"
	"slices"

	pb "github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"google.golang.org/grpc"
)

func (s *server) SetValue(_ context.Context, r *pb.SetValueRequest) (*pb.SetValueResponse, error) {
	return change(s, call{context: r.GetContext(), sessionID: r.GetSessionId(), method: "SetValue"},
		func(session *session) *pb.SetValueResponse {
			session.values[r.GetKey()] = r.GetValue()
			return &pb.SetValueResponse{}
		})
}

func (s *server) GetValue(_ context.Context, r *pb.GetValueRequest) (*pb.GetValueResponse, error) {
	return read(s, r.GetSessionId(), func(session *session) *pb.GetValueResponse {
		if value, ok := session.values[r.GetKey()]; ok {
			return &pb.GetValueResponse{Value: &value}
		}
		return &pb.GetValueResponse{}
	})
}

func (s *server) DeleteValue(_ context.Context, r *pb.DeleteValueRequest) (*pb.DeleteValueResponse, error) {
	return change(s, call{context: r.GetContext(), sessionID: r.GetSessionId(), method: "DeleteValue"},
		func(session *session) *pb.DeleteValueResponse {
			_, existed := session.values[r.GetKey()]
			delete(session.values, r.GetKey())
			return &pb.DeleteValueResponse{Deleted: existed}
		})
}

func (s *server) ListKeys(_ context.Context, r *pb.ListKeysRequest) (*pb.ListKeysResponse, error) {
	return read(s, r.GetSessionId(), func(session *session) *pb.ListKeysResponse {
		var keys []*pb.KeyInfo
		for key := range session.values {
			keys = append(keys, &pb.KeyInfo{Key: key})
		}
		return &pb.ListKeysResponse{Keys: keys}
	})
}

func (s *server) ReadFile(r *pb.ReadFileRequest, stream grpc.ServerStreamingServer[pb.ReadFileResponse]) error {
	file, err := read(s, r.GetSessionId(), func(session *session) []string {
		if text, ok := session.files[r.GetPath()]; ok {
			return []string{text}
		}
		return nil
	})
	if err != nil || file == nil {
		return err
	}
	header := &pb.ReadFileResponse_Header{Header: &pb.ReadFileHeader{Encoding: "text", HasContent: true}}
	if err := stream.Send(&pb.ReadFileResponse{Part: header}); err != nil {
		return err
	}
	for chunk := range slices.Chunk([]byte(file[0]), 256*1024) {
		part := &pb.ReadFileResponse_Chunk{Chunk: chunk}
		if err := stream.Send(&pb.ReadFileResponse{Part: part}); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) WriteFile(_ context.Context, r *pb.WriteFileRequest) (*pb.WriteFileResponse, error) {
	return steps(s, call{context: r.GetContext(), sessionID: r.GetSessionId(), method: "WriteFile"},
		func(transaction func(func(*session))) (*pb.WriteFileResponse, error) {
			text := r.GetContent()
			if s.mutant == TornFile && len(text) > 1024 {
				transaction(func(session *session) { session.files[r.GetPath()] = text[:1024] })
			}
			transaction(func(session *session) { session.files[r.GetPath()] = text })
			return &pb.WriteFileResponse{File: &pb.WrittenFile{}}, nil
		})
}

func (s *server) WriteFileIfContentMatches(
	_ context.Context, r *pb.WriteFileIfContentMatchesRequest,
) (*pb.WriteFileIfContentMatchesResponse, error) {
	return steps(s, call{context: r.GetContext(), sessionID: r.GetSessionId(), method: "WriteFileIfContentMatches"},
		func(transaction func(func(*session))) (*pb.WriteFileIfContentMatchesResponse, error) {
			answer := &pb.WriteFileIfContentMatchesResponse{}
			compare := func(session *session) {
				if text, ok := session.files[r.GetPath()]; ok && text == r.GetExpectedContent() {
					answer.File = &pb.WrittenFile{}
				}
			}
			set := func(session *session) {
				if answer.File != nil {
					session.files[r.GetPath()] = r.GetContent()
				}
			}
			if s.mutant == UnlockedCAS {
				transaction(compare)
				transaction(set)
			} else {
				transaction(func(session *session) { compare(session); set(session) })
			}
			return answer, nil
		})
}

func (s *server) DeleteFile(_ context.Context, r *pb.DeleteFileRequest) (*pb.DeleteFileResponse, error) {
	return change(s, call{context: r.GetContext(), sessionID: r.GetSessionId(), method: "DeleteFile"},
		func(session *session) *pb.DeleteFileResponse {
			_, existed := session.files[r.GetPath()]
			delete(session.files, r.GetPath())
			return &pb.DeleteFileResponse{Deleted: existed}
		})
}
