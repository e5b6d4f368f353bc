// gRPC reflection: what the adapter offers, for grpcurl and the like.

import { toBinary, type DescFile, type DescService } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { Server } from "@grpc/grpc-js";
import { ReflectionService } from "@grpc/reflection";

/** Adds the reflection services to a server. */
export function addReflection(add: Server["addService"], services: readonly DescService[]): void {
  const files = new Map<string, DescFile>();
  const collect = (file: DescFile): void => {
    if (!files.has(file.name)) {
      files.set(file.name, file);
      file.dependencies.forEach(collect);
    }
  };
  services.forEach((service) => collect(service.file));
  const fileDescriptorProtos = [...files.values()].map((file) => Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto)));
  const described = { contract: { format: "Protocol Buffer 3 DescriptorProto", type: {}, fileDescriptorProtos } };
  const reflection = new ReflectionService(described as unknown as ConstructorParameters<typeof ReflectionService>[0], {
    services: services.map((service) => service.typeName),
  });
  reflection.addToServer({ addService: add } as unknown as Server);
}
