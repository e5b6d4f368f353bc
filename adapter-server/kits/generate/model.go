package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	pb "github.com/everruns/mortise/adapter-server/kits/go/adapterv1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

const contract = "mortise.adapter.v1"

// flatMax is how many fields of a request become parameters of their own; a request with
// more is handed over as it is.
const flatMax = 4

// model is the contract as the kits see it.
type model struct {
	Files    []protoreflect.FileDescriptor
	Services []*service
	Reasons  []*reason
}

type service struct {
	Name     string // SessionStorageStore
	Full     string // mortise.adapter.v1.SessionStorageStoreService
	Store    string // session_storage_store
	Comment  string
	Features []string
	Methods  []*method
	Desc     protoreflect.ServiceDescriptor
}

type method struct {
	Name    string
	Comment string
	Keyed   bool
	// It takes notice of fences, in a service that checks them.
	Fenced bool
	// The request names a session that the call acts on.
	Session bool
	// What is left of the request; nil if it is handed over whole.
	Params []protoreflect.FieldDescriptor
	Whole  bool
	// What is in the answer: nothing, one field, or more.
	Result       protoreflect.FieldDescriptor
	Empty        bool
	In, Out      protoreflect.MessageDescriptor
	ClientStream bool
	ServerStream bool
}

type reason struct {
	Name     string // SESSION_NOT_FOUND
	Comment  string
	Code     string // NotFound
	Metadata []string
}

// Features that no kit takes on, and the fields of requests that a host sends only to a server
// with one of them: a store is not shown what it is never sent.
var (
	otherFeatures = []string{"FEATURE_EVENT_PATCH", "FEATURE_SNAPSHOT_SINCE"}
	otherFields   = []string{"data_patch", "known_messages"}
)

func isOther(feature string) bool { return slices.Contains(otherFeatures, feature) }

func load(path string) (*model, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	set := &descriptorpb.FileDescriptorSet{}
	if err := proto.Unmarshal(raw, set); err != nil {
		return nil, err
	}
	files, err := protodesc.NewFiles(set)
	if err != nil {
		return nil, err
	}
	m := &model{}
	for _, file := range set.GetFile() {
		if file.GetPackage() != contract {
			continue
		}
		desc, err := files.FindFileByPath(file.GetName())
		if err != nil {
			return nil, err
		}
		m.Files = append(m.Files, desc)
		for i := range desc.Services().Len() {
			one, err := loadService(desc.Services().Get(i))
			if err != nil {
				return nil, err
			}
			if one != nil {
				m.Services = append(m.Services, one)
			}
		}
		for i := range desc.Enums().Len() {
			if enum := desc.Enums().Get(i); enum.Name() == "ErrorReason" {
				m.Reasons = reasons(enum)
			}
		}
	}
	return m, nil
}

func loadService(desc protoreflect.ServiceDescriptor) (*service, error) {
	store, ok := proto.GetExtension(desc.Options(), pb.E_Store).(*pb.Store)
	if !ok || store.GetName() == "" {
		return nil, fmt.Errorf("%s states no store", desc.FullName())
	}
	if store.GetRequirement() == pb.Requirement_REQUIREMENT_EVERY_SERVER {
		return nil, nil // The handshake is the kit's own.
	}
	one := &service{
		Name:     strings.TrimSuffix(string(desc.Name()), "Service"),
		Full:     string(desc.FullName()),
		Store:    store.GetName(),
		Comment:  comment(desc),
		Features: slices.DeleteFunc(slices.Clone(store.GetFeatures()), isOther),
		Desc:     desc,
	}
	for i := range desc.Methods().Len() {
		one.Methods = append(one.Methods, loadMethod(desc.Methods().Get(i)))
	}
	if slices.ContainsFunc(one.Methods, func(m *method) bool { return m.Fenced }) {
		one.Features = append(slices.Clone(one.Features), pb.Feature_FEATURE_FENCED.String())
	}
	return one, nil
}

func loadMethod(desc protoreflect.MethodDescriptor) *method {
	semantics := proto.GetExtension(desc.Options(), pb.E_Semantics).(*pb.Semantics)
	one := &method{
		Name:         string(desc.Name()),
		Comment:      comment(desc),
		Keyed:        semantics.GetEffect() == pb.Effect_EFFECT_KEYED,
		Fenced:       semantics.GetFencing() != pb.Fencing_FENCING_UNSPECIFIED,
		In:           desc.Input(),
		Out:          desc.Output(),
		ClientStream: desc.IsStreamingClient(),
		ServerStream: desc.IsStreamingServer(),
	}
	fields := desc.Input().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		rules := proto.GetExtension(field.Options(), pb.E_Field).(*pb.FieldRules)
		switch {
		case field.Name() == "context", slices.Contains(otherFields, string(field.Name())):
		case field.Name() == "session_id" && rules.GetRequired() && rules.GetId() == "session":
			one.Session = true
		default:
			one.Params = append(one.Params, field)
		}
	}
	if desc.Input().Oneofs().Len() > syntheticOneofs(desc.Input()) || len(one.Params) > flatMax || one.ClientStream {
		one.Whole, one.Params = true, nil
	}
	answers := desc.Output().Fields()
	switch {
	case answers.Len() == 0:
		one.Empty = true
	case answers.Len() == 1 && !one.ServerStream:
		one.Result = answers.Get(0)
	}
	return one
}

func syntheticOneofs(desc protoreflect.MessageDescriptor) int {
	count := 0
	for i := range desc.Oneofs().Len() {
		if desc.Oneofs().Get(i).IsSynthetic() {
			count++
		}
	}
	return count
}

func reasons(enum protoreflect.EnumDescriptor) []*reason {
	var all []*reason
	for i := range enum.Values().Len() {
		value := enum.Values().Get(i)
		if value.Number() == 0 {
			continue
		}
		stated := proto.GetExtension(value.Options(), pb.E_Reason).(*pb.Reason)
		all = append(all, &reason{
			Name:     strings.TrimPrefix(string(value.Name()), "ERROR_REASON_"),
			Comment:  comment(value),
			Code:     camel(strings.TrimPrefix(stated.GetCode().String(), "CODE_")),
			Metadata: stated.GetMetadata(),
		})
	}
	return all
}

// comment is what stands before an element, without the space that begins each line.
func comment(desc protoreflect.Descriptor) string {
	text := desc.ParentFile().SourceLocations().ByDescriptor(desc).LeadingComments
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(strings.TrimPrefix(line, " "), " ")
	}
	return strings.Join(lines, "\n")
}

// camel is NotFound for NOT_FOUND and not_found.
func camel(name string) string {
	var out strings.Builder
	for word := range strings.SplitSeq(strings.ToLower(name), "_") {
		if word != "" {
			out.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return out.String()
}
