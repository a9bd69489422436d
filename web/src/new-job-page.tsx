// The form that makes a job. The query of the address fills it in, by the API's keys.

import { FormEvent, useState } from "react";
import { createJob, getOpenApi, Kind } from "./api";
import { Field, formFields, specOf, Value, valueFrom } from "./form-fields";
import { Trouble } from "./job-state";
import { useMounted } from "./mounted";
import { usePolling } from "./polling";
import { Link, navigate, useTitle } from "./router";

export const TITLE: Record<Kind, string> = {
  store: "Archive a stream",
  load: "Replay an archive",
  verify: "Verify an archive",
};

// `away`: why the server doesn't answer at the moment.
export function NewJobPage(props: { kind: Kind; query: URLSearchParams; away: Error | null }) {
  useTitle(TITLE[props.kind]);
  const { data, error } = usePolling("openapi", getOpenApi, { once: true });
  if (!data) {
    return <Trouble error={error} />;
  }
  return <JobForm {...props} fields={formFields(data, props.kind)} />;
}

function given(fields: Field[], query: URLSearchParams): Record<string, Value> {
  const values: Record<string, Value> = {};
  for (const field of fields) {
    const text = query.get(field.key);
    const value = text === null ? undefined : valueFrom(field, text);
    if (value !== undefined) {
      values[field.key] = value;
    }
  }
  return values;
}

function JobForm(props: {
  kind: Kind;
  query: URLSearchParams;
  away: Error | null;
  fields: Field[];
}) {
  const { kind, fields } = props;
  const [values, setValues] = useState(() => given(fields, props.query));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const mounted = useMounted();

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (busy) {
      return;
    }
    setBusy(true);
    setError(null);
    try {
      const job = await createJob(kind, specOf(fields, values));
      if (mounted.current) {
        navigate(`/${kind}/${job.id}`);
      }
    } catch (failed) {
      setError(failed as Error);
      setBusy(false);
    }
  }

  const inputs = (some: Field[]) =>
    some.map((field) => (
      <Input
        key={field.key}
        field={field}
        value={values[field.key] ?? field.initial}
        change={(value) => setValues({ ...values, [field.key]: value })}
      />
    ));
  const first = fields.filter((field) => field.required || field.key === "name");
  const options = fields.filter((field) => !first.includes(field));
  return (
    <form onSubmit={(event) => void submit(event)}>
      <h2>{TITLE[kind]}</h2>
      {inputs(first)}
      <details open={options.some((field) => props.query.has(field.key))}>
        <summary>Options</summary>
        {inputs(options)}
      </details>
      <Trouble error={error ?? props.away} />
      <p className="buttons">
        <button type="submit" className="main" aria-disabled={busy}>
          {TITLE[kind]}
        </button>
        <Link to="/" className="button">
          Cancel
        </Link>
      </p>
    </form>
  );
}

function Input(props: { field: Field; value: Value; change: (value: Value) => void }) {
  const { field, value, change } = props;
  const id = `field-${field.key}`;
  const label = <label htmlFor={id}>{field.key}</label>;
  const help = field.help && <small id={`${id}-help`}>{field.help}</small>;
  const described = field.help ? { "aria-describedby": `${id}-help` } : {};
  if (field.type === "checkbox") {
    return (
      <div className="field checkbox">
        <input
          id={id}
          type="checkbox"
          checked={value === true}
          {...described}
          onChange={(event) => change(event.target.checked)}
        />
        {label}
        {help}
      </div>
    );
  }
  return (
    <div className="field">
      {label}
      {field.type === "choice" ? (
        <select
          id={id}
          value={String(value)}
          {...described}
          onChange={(event) => change(event.target.value)}
        >
          {field.choices.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      ) : (
        <input
          id={id}
          type={field.type}
          value={String(value)}
          required={field.required}
          placeholder={field.placeholder}
          autoComplete="off"
          spellCheck={false}
          {...described}
          onChange={(event) => change(event.target.value)}
        />
      )}
      {help}
    </div>
  );
}
