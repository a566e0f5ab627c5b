import { css } from 'lit'

/** What buttons, fields and links look like in every component. */
export const controlStyles = css`
  :host, *, *::before, *::after { box-sizing: border-box; }
  [hidden] { display: none !important; }
  h1, h2, h3, p { margin: 0; }
  h1 { font-size: 1.5rem; line-height: 1.25; }
  h2 { font-size: 1.2rem; line-height: 1.3; }
  h3 { font-size: 1rem; }
  a { color: inherit; text-underline-offset: 0.15em; }
  .muted { color: var(--muted); }
  .small { font-size: 0.875rem; }
  .quiet {
    position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap;
  }
  button, .button {
    display: inline-flex; align-items: center; justify-content: center; gap: 0.5em;
    min-height: 2.75rem; padding: 0.4rem 1rem; border: 1px solid var(--field-line); border-radius: 0.6rem;
    background: var(--surface); color: var(--ink); font: inherit; font-weight: 600; text-decoration: none; cursor: pointer;
  }
  button:hover, .button:hover { border-color: var(--ink); }
  button.primary, .button.primary { background: var(--primary); border-color: var(--primary); color: var(--on-primary); }
  button.danger { background: var(--danger); border-color: var(--danger); color: var(--on-danger); }
  button.small, .button.small { min-height: 2.25rem; padding: 0.2rem 0.75rem; font-size: 0.875rem; }
  button:disabled { opacity: 0.55; cursor: default; }
  :focus-visible { outline: 3px solid var(--ink); outline-offset: 2px; }
  label, .label { display: grid; gap: 0.25rem; font-size: 0.875rem; font-weight: 600; }
  input, select, textarea {
    width: 100%; min-width: 0; min-height: 2.75rem; padding: 0.4rem 0.7rem; border: 1px solid var(--field-line);
    border-radius: 0.6rem; background: var(--surface); color: var(--ink); font: inherit; font-weight: 400;
  }
  input::placeholder { color: var(--muted); opacity: 1; }
  .card {
    padding: clamp(1rem, 3vw, 1.5rem); border: 1px solid var(--line); border-radius: 1rem; background: var(--surface);
    box-shadow: var(--shadow);
  }
  .notice { padding: 0.6rem 0.9rem; border-radius: 0.6rem; background: var(--notice); color: var(--on-notice); }
  .error { padding: 0.6rem 0.9rem; border: 1px solid var(--danger); border-radius: 0.6rem; color: var(--danger); font-weight: 600; }
  .row { display: flex; flex-wrap: wrap; align-items: center; gap: 0.6rem; }
  @media (prefers-reduced-motion: reduce) { * { transition: none !important; animation: none !important; } }
`
