/// What is to become of some files, before anything was written.
struct PlannedChange: Equatable {
    struct File: Equatable {
        /// Within the machine's tree.
        let path: String
        /// What is there; nil where nothing is.
        let old: [UInt8]?
        /// What will be; nil where the file is taken away.
        let new: [UInt8]?
    }

    let service: String
    /// The services that go through the files.
    let services: [String]
    var files: [File]

    /// The names of the files, for sentences.
    var names: String { files.map(\.path).joined(separator: ", ") }

    /// The change as people read it: lines that go with a minus, lines that come with a plus.
    var difference: String {
        files.map { file in
            let header = "\(file.path)\(file.old == nil ? " (new)" : file.new == nil ? " (removed)" : "")"
            return ([header] + TextDifference.lines(file.old ?? [], file.new ?? [])).joined(separator: "\n")
        }.joined(separator: "\n")
    }
}
