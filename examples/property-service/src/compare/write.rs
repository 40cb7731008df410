use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::{Builder, NamedTempFile};

/// Why a report cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    #[error("cannot make the output folder {path}: {source}")]
    Folder { path: PathBuf, source: io::Error },
    #[error("cannot write in the output folder {path}: {source}")]
    Unwritable { path: PathBuf, source: io::Error },
    #[error("cannot write {path}: it is a folder")]
    IsFolder { path: PathBuf },
    #[error("cannot write {path}: {source}")]
    File { path: PathBuf, source: io::Error },
}

/// Where the report will go, known to be writable before the work begins.
///
/// Dropped without [`write`](Self::write) having succeeded, it removes the folders it made.
#[derive(Debug)]
pub struct Output {
    page: PathBuf,
    json: PathBuf,
    /// Outermost first.
    made: Vec<PathBuf>,
}

/// The files of a finished report.
#[derive(Debug)]
pub struct Written {
    pub page: PathBuf,
    pub json: PathBuf,
}

impl Output {
    /// `index.html` in `folder`, and `report.json` beside it unless `json` names another place.
    ///
    /// Makes the folders that are missing, and tries each by a file that it removes again.
    ///
    /// # Errors
    ///
    /// If a folder cannot be made or written in, or a folder stands where a file is to go.
    pub fn prepare(folder: &Path, json: Option<&Path>) -> Result<Self, OutputError> {
        let json = json.map_or_else(|| folder.join("report.json"), Path::to_path_buf);
        let mut output = Self { page: folder.join("index.html"), json, made: Vec::new() };
        for file in [output.page.clone(), output.json.clone()] {
            let folder = folder_of(&file);
            output.make(folder)?;
            if file.is_dir() {
                return Err(OutputError::IsFolder { path: file });
            }
            NamedTempFile::new_in(folder)
                // Its text names the trial file; the kind says enough.
                .map_err(|error| OutputError::Unwritable {
                    path: folder.to_path_buf(),
                    source: error.kind().into(),
                })?;
        }
        Ok(output)
    }

    fn make(&mut self, folder: &Path) -> Result<(), OutputError> {
        let missing: Vec<&Path> =
            folder.ancestors().take_while(|each| !each.as_os_str().is_empty() && !each.exists()).collect();
        for each in missing.into_iter().rev() {
            fs::create_dir(each)
                .map_err(|source| OutputError::Folder { path: folder.to_path_buf(), source })?;
            self.made.push(each.to_path_buf());
        }
        Ok(())
    }

    /// Puts both files in their places, each whole or not at all.
    ///
    /// Both are written out beside their places before either is moved there.
    ///
    /// # Errors
    ///
    /// If a file cannot be written or moved; a file that was there before then stays as it was, unless it was
    /// the second move that failed.
    pub fn write(mut self, page: &str, json: &str) -> Result<Written, OutputError> {
        let drafts = [(&self.json, draft(&self.json, json)?), (&self.page, draft(&self.page, page)?)];
        for (path, draft) in drafts {
            draft
                .persist(path)
                .map_err(|error| OutputError::File { path: path.clone(), source: error.error })?;
        }
        self.made.clear();
        Ok(Written { page: self.page.clone(), json: self.json.clone() })
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        for folder in self.made.iter().rev() {
            // Not empty if someone else has put something there meanwhile: then it is theirs to keep.
            _ = fs::remove_dir(folder);
        }
    }
}

fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The text in a file beside `path`, on disk; removed when dropped.
fn draft(path: &Path, text: &str) -> Result<NamedTempFile, OutputError> {
    let mut builder = Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any new file: the umask takes away what its user wants taken away.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let write = || -> io::Result<NamedTempFile> {
        let mut file = builder.tempfile_in(folder_of(path))?;
        file.write_all(text.as_bytes())?;
        File::sync_all(file.as_file())?;
        Ok(file)
    };
    write().map_err(|source| OutputError::File { path: path.to_path_buf(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn writes_both_files_and_nothing_else() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("a/b");
        let written = Output::prepare(&folder, None).unwrap().write("<p>", "{}").unwrap();
        assert_eq!(names(&folder), ["index.html", "report.json"]);
        assert_eq!(fs::read_to_string(written.page).unwrap(), "<p>");
        assert_eq!(fs::read_to_string(written.json).unwrap(), "{}");
    }

    #[test]
    fn the_json_goes_where_it_is_told() {
        let temp = tempfile::tempdir().unwrap();
        let (folder, json) = (temp.path().join("page"), temp.path().join("figures/run.json"));
        Output::prepare(&folder, Some(&json)).unwrap().write("<p>", "{}").unwrap();
        assert_eq!(names(&folder), ["index.html"]);
        assert_eq!(names(&temp.path().join("figures")), ["run.json"]);
    }

    #[test]
    fn a_run_that_fails_leaves_no_folder_of_its_own_and_no_harm() {
        let temp = tempfile::tempdir().unwrap();
        drop(Output::prepare(&temp.path().join("a/b"), Some(&temp.path().join("c/run.json"))).unwrap());
        assert_eq!(names(temp.path()), Vec::<String>::new());

        fs::write(temp.path().join("report.json"), "earlier").unwrap();
        drop(Output::prepare(temp.path(), None).unwrap());
        assert_eq!(names(temp.path()), ["report.json"]);
    }

    #[test]
    fn what_cannot_be_written_is_found_out_at_the_start() {
        let temp = tempfile::tempdir().unwrap();
        let file = temp.path().join("file");
        fs::write(&file, "").unwrap();
        let error = Output::prepare(&file.join("below"), None).unwrap_err();
        assert!(matches!(error, OutputError::Folder { .. }), "{error}");
        let error = Output::prepare(&file, None).unwrap_err();
        assert!(matches!(error, OutputError::Unwritable { .. }), "{error}");
        assert_eq!(
            error.to_string(),
            format!("cannot write in the output folder {}: not a directory", file.display())
        );

        let made = temp.path().join("made");
        let error = Output::prepare(&made, Some(temp.path())).unwrap_err();
        assert!(matches!(error, OutputError::IsFolder { .. }), "{error}");
        assert_eq!(names(temp.path()), ["file"], "what was made on the way is gone again");
    }
}
