package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
)

// Backup writes a consistent copy of the SQLite database in the data folder dir
// to file, while others read and write it. It refuses to overwrite a file. The
// copy holds secrets only as the key sealed them.
func Backup(ctx context.Context, dir, file string) error {
	source := filepath.Join(dir, DatabaseFile)
	if _, err := os.Stat(source); err != nil {
		return fmt.Errorf("find the database: %w", err)
	}
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is there already: name another file, or remove it first", file)
	}
	part := file + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove what an earlier backup left: %w", err)
	}
	err := withSQLite(source, func(db *sql.DB) error {
		_, err := db.ExecContext(ctx, "VACUUM INTO ?", part)
		return err
	})
	if err == nil {
		err = settleFile(part, file)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write the copy: %w", err), removeIfThere(part))
	}
	return nil
}

// Restore puts the copy in file in place of the database in dir. Nobody may
// have the database open. The one that was there is kept beside it; its name is
// returned, "" if there was none. The copy is checked before anything is
// touched.
func Restore(ctx context.Context, dir, file string) (kept string, err error) {
	if err := checkCopy(ctx, file); err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the data folder: %w", err)
	}
	target := filepath.Join(dir, DatabaseFile)
	part := target + ".part"
	if err := removeIfThere(part); err != nil {
		return "", err
	}
	err = withSQLite(file, func(db *sql.DB) error {
		_, err := db.ExecContext(ctx, "VACUUM INTO ?", part)
		return err
	})
	if err != nil {
		return "", errors.Join(fmt.Errorf("copy %s: %w", file, err), removeIfThere(part))
	}
	if _, err := os.Stat(target); err == nil {
		// A copy of its own holds what its write-ahead log still has.
		kept = target + ".replaced"
		if err := removeIfThere(kept); err != nil {
			return "", err
		}
		if err := Backup(ctx, dir, kept); err != nil {
			return "", fmt.Errorf("keep the database that is there: %w", err)
		}
	}
	for _, old := range []string{target, target + "-wal", target + "-shm"} {
		if err := removeIfThere(old); err != nil {
			return kept, err
		}
	}
	return kept, settleFile(part, target)
}

// checkCopy fails if the file is not a database of ours, whole.
func checkCopy(ctx context.Context, file string) error {
	if _, err := os.Stat(file); err != nil {
		return err
	}
	return withSQLite(file, func(db *sql.DB) error {
		var verdict string
		if err := db.QueryRowContext(ctx, "PRAGMA quick_check").Scan(&verdict); err != nil {
			return fmt.Errorf("%s is not a backup of Switchboard: %w", file, err)
		}
		if verdict != "ok" {
			return fmt.Errorf("%s is damaged: %s", file, verdict)
		}
		var orgs int
		if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM org").Scan(&orgs); err != nil || orgs == 0 {
			return fmt.Errorf("%s is a database, but not a backup of Switchboard", file)
		}
		return nil
	})
}

// withSQLite opens a database file for reading.
func withSQLite(file string, do func(*sql.DB) error) error {
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: url.PathEscape(file), RawQuery: "_pragma=busy_timeout(5000)"}).String())
	if err != nil {
		return err
	}
	return errors.Join(do(db), db.Close())
}

// settleFile gives a complete file its name, so that no crash leaves half of it
// there.
func settleFile(part, file string) error {
	f, err := os.OpenFile(part, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Chmod(0o600), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(part, file); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func removeIfThere(file string) error {
	if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
