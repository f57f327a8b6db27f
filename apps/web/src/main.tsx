// Before the parts of the page, whose own styles refine these.
import './styles/tokens.css';
import './styles/base.css';
import './styles/parts.css';
import './styles/layout.css';
import { render } from 'preact';
import { App } from './app.js';
import { applyTheme } from './ui/theme.js';

applyTheme();
const place = document.getElementById('app');
if (place !== null) render(<App />, place);
