// swift-tools-version: 6.2
import PackageDescription

// The fuzzers: libFuzzer and AddressSanitizer around what FuzzEntries feeds. A package of its own, built by "make fuzz" into
// a folder of its own, so that nobody else builds everything once more with them.

let package = Package(
    name: "fuzz",
    dependencies: [.package(name: "twostep", path: "../..")],
    targets: [
        .systemLibrary(name: "CLibFuzzer"),
        .executableTarget(
            name: "fuzz", dependencies: ["CLibFuzzer", .product(name: "FuzzEntries", package: "twostep")],
            swiftSettings: [.strictMemorySafety(), .treatAllWarnings(as: .error)],
            // The default linker cannot tell libFuzzer's main from ours.
            linkerSettings: [.unsafeFlags(["-use-ld=lld"])]),
    ]
)
